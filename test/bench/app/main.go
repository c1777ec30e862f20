// The smallest honest app: answers /up at once as web, waits as worker, and leaves at the first TERM.
package main

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	if len(os.Args) == 1 {
		http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, os.Getenv("KAMAL_VERSION")) })
		go http.ListenAndServe(":80", nil)
	}
	<-stop
}
