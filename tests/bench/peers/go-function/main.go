// A peer: net/http alone, doing what the benchmark's functions do.
package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"time"
)

type item struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

type order struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	Items    []item `json:"items"`
	Note     string `json:"note"`
}

type receipt struct {
	ID    string `json:"id"`
	Items int    `json:"items"`
	Total int    `json:"total"`
}

type line struct {
	Time    string `json:"@timestamp"`
	Level   string `json:"log.level"`
	Message string `json:"message"`
	Order   string `json:"order_id"`
	Total   int    `json:"total"`
}

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var o order
		if err == nil {
			err = json.Unmarshal(body, &o)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		total := 0
		for _, i := range o.Items {
			total += i.Quantity
		}
		told, _ := json.Marshal(line{time.Now().UTC().Format(time.RFC3339Nano), "info", "order received", o.ID, total})
		os.Stdout.Write(append(told, '\n'))
		w.Header().Set("Content-Type", "application/json")
		answer, _ := json.Marshal(receipt{o.ID, len(o.Items), total})
		w.Write(answer)
	})
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
