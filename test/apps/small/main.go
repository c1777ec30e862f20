// A web app and a worker that start in milliseconds, so that end-to-end tests spend their time on deploying.
//
//	small                web on 3000: /up, /, ?sleep=MILLISECONDS; a POST is read to its end
//	                     and files of /public/assets
//	small worker         waits
//	small jobs           takes jobs from a directory, and small drained says whether it has one in hand: see jobs.go
//	small clock          must never run twice
//	small side           answers on 4000 like web, unless /behaviour says side:silent
//	small env NAME       prints a variable in base64
//	small migrate        notes in /runs/log that it ran, and does what /behaviour says
//	small check          fails where /behaviour says worker:wrong
//	small same FILE HASH fails unless the file has this SHA-256
//
// The file /behaviour, if there is one, breaks it: see broken().
package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	role := "web"
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	switch role {
	case "drained":
		drained()
		return
	case "env":
		fmt.Println(base64.StdEncoding.EncodeToString([]byte(os.Getenv(os.Args[2]))))
		return
	case "migrate":
		migrate()
		return
	case "check":
		if strings.Contains(behaviour(), "worker:wrong") {
			fmt.Println("the queue is not there")
			os.Exit(4)
		}
		return
	case "same":
		content, err := os.ReadFile(os.Args[2])
		if err != nil || fmt.Sprintf("%x", sha256.Sum256(content)) != os.Args[3] {
			fmt.Println("the file is another one:", err, len(content))
			os.Exit(1)
		}
		return
	}
	version := os.Getenv("KAMAL_VERSION")
	fmt.Printf("%s %s starts\n", role, version)
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM)
	broken(role)
	if role == "web" {
		server := &http.Server{Addr: ":3000", Handler: http.HandlerFunc(serve)}
		go func() {
			if err := server.ListenAndServe(); err != http.ErrServerClosed {
				fmt.Println(err)
				os.Exit(1)
			}
		}()
		<-stopped
		server.Shutdown(context.Background())
	} else if role == "jobs" {
		work(stopped)
	} else if role == "clock" {
		tick(stopped)
	} else if role == "side" {
		if !strings.Contains(behaviour(), "side:silent") {
			go http.ListenAndServe(":4000", http.HandlerFunc(serve))
		}
		<-stopped
	} else {
		<-stopped
	}
	fmt.Printf("%s %s stops\n", role, version)
}

func serve(response http.ResponseWriter, request *http.Request) {
	if request.URL.Path == "/up" {
		if strings.Contains(behaviour(), "web:unhealthy") {
			response.WriteHeader(503)
		}
		fmt.Fprintln(response, "OK")
		return
	}
	if strings.HasPrefix(request.URL.Path, "/assets/") {
		http.FileServer(http.Dir("/public")).ServeHTTP(response, request)
		return
	}
	if request.URL.Path == "/login" && strings.Contains(behaviour(), "web:nologin") {
		response.WriteHeader(500)
		return
	}
	received, _ := io.Copy(io.Discard, request.Body)
	milliseconds, _ := strconv.Atoi(request.URL.Query().Get("sleep"))
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	response.Header().Set("content-type", "text/plain")
	fmt.Fprintf(response, "small from %s, %d bytes received\n", os.Getenv("KAMAL_VERSION"), received)
}

// Its words: migrate:sleep=MILLISECONDS, migrate:fail and migrate:hold.
func migrate() {
	fmt.Println("migrating for", os.Getenv("KAMAL_VERSION"), "with", os.Getenv("SECRET_KEY"))
	log, err := os.OpenFile("/runs/log", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		fmt.Fprintln(log, os.Getenv("KAMAL_VERSION"))
		log.Close()
	}
	for _, word := range strings.Fields(behaviour()) {
		if milliseconds, found := strings.CutPrefix(word, "migrate:sleep="); found {
			number, _ := strconv.Atoi(milliseconds)
			time.Sleep(time.Duration(number) * time.Millisecond)
		}
		if word == "migrate:hold" {
			os.WriteFile(os.Getenv("LONGSHORE_OUTPUT"), []byte("on_failure=hold\n"), 0o644)
		}
		if word == "migrate:fail" {
			fmt.Fprintln(os.Stderr, "a column is missing")
			os.Exit(7)
		}
	}
	fmt.Println("migrated")
}

// A word such as web:crash or worker:exit=3000 in /behaviour.
func broken(role string) {
	for _, word := range strings.Fields(behaviour()) {
		who, what, _ := strings.Cut(word, ":")
		if who != role {
			continue
		}
		if what == "crash" {
			fmt.Println("cannot find the flux capacitor")
			os.Exit(3)
		}
		if milliseconds, found := strings.CutPrefix(what, "exit="); found {
			number, _ := strconv.Atoi(milliseconds)
			time.AfterFunc(time.Duration(number)*time.Millisecond, func() {
				fmt.Println("ran out of jobs")
				os.Exit(1)
			})
		}
	}
}

func behaviour() string {
	text, _ := os.ReadFile("/behaviour")
	return string(text)
}
