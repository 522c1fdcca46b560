// Command echo is a server for tests: it says who it is and what it was asked.
//
//	GET /hostname     the host name (a pod's name)
//	GET /clientip     the address of the client, with its port
//	GET /env?name=X   the environment variable X
//	GET /echo?msg=X   X
//	GET /file?path=X  the content of the file X
//	GET /exit?code=N  nothing: the server exits with N
//	GET /             the host name
//
// A datagram is answered with the host name. It listens on port 8080, or what
// the environment variable PORT says. With arguments it prints them instead.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		fmt.Println(strings.Join(os.Args[1:], " "))
		return
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	server := &http.Server{Addr: ":" + port, Handler: routes()}
	go datagrams(":" + port)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(grace)
	}()
	log.Printf("listening on port %s", port)
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	log.Print("bye")
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { say(w, hostname()) })
	mux.HandleFunc("/hostname", func(w http.ResponseWriter, r *http.Request) { say(w, hostname()) })
	mux.HandleFunc("/clientip", func(w http.ResponseWriter, r *http.Request) { say(w, r.RemoteAddr) })
	mux.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) { say(w, os.Getenv(r.FormValue("name"))) })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { say(w, r.FormValue("msg")) })
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		data, err := os.ReadFile(r.FormValue("path"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = w.Write(data)
	})
	mux.HandleFunc("/exit", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.FormValue("code"))
		log.Printf("exiting with %d", code)
		os.Exit(code)
	})
	return mux
}

func say(w http.ResponseWriter, text string) { fmt.Fprintln(w, text) }

func hostname() string {
	name, _ := os.Hostname()
	return name
}

// datagrams answers each with the host name.
func datagrams(address string) {
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 2048)
	for {
		_, from, err := conn.ReadFrom(buf)
		if err != nil {
			log.Fatal(err)
		}
		_, _ = conn.WriteTo([]byte(hostname()+"\n"), from)
	}
}
