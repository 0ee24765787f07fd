// Two consumers in Go. "openfaas" has the shape of the existing OpenFaaS connectors: one receive
// loop, a goroutine a message, one delete a message. "tuned" is what one makes of it with care:
// several pollers, bounded concurrency, batched deletes.
package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

type consumer struct {
	sqs      *sqs.Client
	queue    string
	function string
	http     *http.Client
	room     chan struct{}
}

func main() {
	concurrency, err := strconv.Atoi(os.Getenv("CONCURRENCY"))
	if err != nil {
		panic(err)
	}
	loaded, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = concurrency
	c := &consumer{
		sqs:      sqs.NewFromConfig(loaded),
		queue:    os.Getenv("QUEUE_URL"),
		function: os.Getenv("FUNCTION_URL"),
		http:     &http.Client{Transport: transport},
		room:     make(chan struct{}, concurrency),
	}
	if os.Args[1] == "openfaas" {
		c.openfaas()
	}
	pollers, err := strconv.Atoi(os.Getenv("POLLERS"))
	if err != nil {
		panic(err)
	}
	for range pollers {
		go c.tuned()
	}
	select {}
}

func (c *consumer) receive() []types.Message {
	out, err := c.sqs.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{
		QueueUrl:            aws.String(c.queue),
		MaxNumberOfMessages: 10,
		WaitTimeSeconds:     20,
	})
	if err != nil {
		time.Sleep(100 * time.Millisecond)
		return nil
	}
	return out.Messages
}

func (c *consumer) openfaas() {
	for {
		for _, message := range c.receive() {
			c.room <- struct{}{}
			go func() {
				defer func() { <-c.room }()
				if !c.invoke(message) {
					return
				}
				_, _ = c.sqs.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{
					QueueUrl:      aws.String(c.queue),
					ReceiptHandle: message.ReceiptHandle,
				})
			}()
		}
	}
}

func (c *consumer) tuned() {
	for {
		messages := c.receive()
		if len(messages) == 0 {
			continue
		}
		var all sync.WaitGroup
		done := make([]bool, len(messages))
		for n, message := range messages {
			c.room <- struct{}{}
			all.Add(1)
			go func() {
				defer func() { <-c.room; all.Done() }()
				done[n] = c.invoke(message)
			}()
		}
		// All of them are at work: the poller goes on, and the deletes follow behind its back.
		go func() {
			all.Wait()
			var entries []types.DeleteMessageBatchRequestEntry
			for n, message := range messages {
				if done[n] {
					entries = append(entries, types.DeleteMessageBatchRequestEntry{
						Id:            aws.String(strconv.Itoa(n)),
						ReceiptHandle: message.ReceiptHandle,
					})
				}
			}
			_, _ = c.sqs.DeleteMessageBatch(context.Background(), &sqs.DeleteMessageBatchInput{
				QueueUrl: aws.String(c.queue),
				Entries:  entries,
			})
		}()
	}
}

func (c *consumer) invoke(message types.Message) bool {
	request, err := http.NewRequest(http.MethodPost, c.function, strings.NewReader(*message.Body))
	if err != nil {
		return false
	}
	request.Header.Set("X-Correlation-ID", *message.MessageId)
	answer, err := c.http.Do(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err == nil && answer.StatusCode < 300
}
