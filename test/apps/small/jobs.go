package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A queue in a directory that every container mounts: a job is a file in new, with the milliseconds that it takes in it.
const queue = "/jobs"

// small jobs: takes one job after the other, none once it got TSTP; ends with the job in hand on TERM.
func work(stopped <-chan os.Signal) {
	quiet := make(chan os.Signal, 1)
	signal.Notify(quiet, syscall.SIGTSTP)
	isQuiet := false
	for {
		select {
		case <-stopped:
			return
		case <-quiet:
			isQuiet = true
			fmt.Println("quiet")
		case <-time.After(20 * time.Millisecond):
			if !isQuiet {
				takeOne()
			}
		}
	}
}

func takeOne() {
	names, _ := filepath.Glob(queue + "/new/*")
	for _, name := range names {
		taken := queue + "/taken/" + filepath.Base(name) + "." + own()
		if os.Rename(name, taken) != nil {
			continue
		}
		text, _ := os.ReadFile(taken)
		milliseconds, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		time.Sleep(time.Duration(milliseconds) * time.Millisecond)
		add("done", fmt.Sprintf("%s %s", filepath.Base(name), os.Getenv("KAMAL_VERSION")))
		os.Remove(taken)
		return
	}
}

// small drained: fails, and says how many there are, while this container has a job in hand.
func drained() {
	taken, _ := filepath.Glob(queue + "/taken/*." + own())
	if len(taken) > 0 {
		fmt.Printf("%d in flight\n", len(taken))
		os.Exit(1)
	}
}

// small clock: says so in a file when another one runs.
func tick(stopped <-chan os.Signal) {
	file, _ := os.OpenFile(queue+"/clock", os.O_CREATE|os.O_RDWR, 0o644)
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		add("overlaps", own()+" "+os.Getenv("KAMAL_VERSION"))
	}
	<-stopped
}

func own() string {
	name, _ := os.Hostname()
	return name
}

func add(name string, line string) {
	file, _ := os.OpenFile(queue+"/"+name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	fmt.Fprintln(file, line)
	file.Close()
}
