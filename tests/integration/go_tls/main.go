// Copyright (c) 2026, hardway.calico founders
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Typha and Felix as far as TLS goes, by the rules of Calico's typha/pkg/tlsutils: the language's own TLS, which Calico's programs use.
// Reads a list of {"server": [certificate, key, bundle], "client": [...]} and writes a list of refusals, "" for a handshake.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"time"
)

type pair struct{ Server, Client [3]string }

func pool(bundle string) *x509.CertPool {
	found := x509.NewCertPool()
	found.AppendCertsFromPEM([]byte(bundle))
	return found
}

// require is CertificateVerifier: the chain for the usage, no host name, then the common name.
func require(name string, roots *x509.CertPool, usage x509.ExtKeyUsage) func([][]byte, [][]*x509.Certificate) error {
	return func(raw [][]byte, _ [][]*x509.Certificate) error {
		between := x509.NewCertPool()
		var leaf *x509.Certificate
		for number, der := range raw {
			certificate, err := x509.ParseCertificate(der)
			if err != nil {
				return err
			}
			if number == 0 {
				leaf = certificate
			} else {
				between.AddCert(certificate)
			}
		}
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
			return err
		}
		if leaf.Subject.CommonName != name {
			return fmt.Errorf("peer certificate does not have required CN %s but %s", name, leaf.Subject.CommonName)
		}
		return nil
	}
}

func config(material [3]string) (*tls.Config, error) {
	made := &tls.Config{MinVersion: tls.VersionTLS12}
	if material[0] != "" {
		own, err := tls.X509KeyPair([]byte(material[0]), []byte(material[1]))
		if err != nil {
			return nil, err
		}
		made.Certificates = []tls.Certificate{own}
	}
	return made, nil
}

func handshake(one pair) string {
	server, err := config(one.Server)
	if err != nil {
		return err.Error()
	}
	client, err := config(one.Client)
	if err != nil {
		return err.Error()
	}
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, pool(one.Server[2])
	server.VerifyPeerCertificate = require("calico-node", server.ClientCAs, x509.ExtKeyUsageClientAuth)
	client.InsecureSkipVerify = true
	client.VerifyPeerCertificate = require("calico-typha", pool(one.Client[2]), x509.ExtKeyUsageServerAuth)
	// A buffer between both, as a real connection has one: a pipe would let two alerts wait for each other.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	done := make(chan string, 1)
	go func() {
		accepted, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		typha := tls.Server(accepted, server)
		defer typha.Close()
		typha.SetDeadline(time.Now().Add(20 * time.Second))
		if err := typha.Handshake(); err != nil {
			done <- "the server: " + err.Error()
			return
		}
		typha.Write([]byte("hello"))
		done <- ""
	}()
	felix, err := tls.Dial("tcp", listener.Addr().String(), client)
	if err != nil {
		<-done
		return "the client: " + err.Error()
	}
	defer felix.Close()
	felix.SetDeadline(time.Now().Add(20 * time.Second))
	word := make([]byte, 5)
	_, err = felix.Read(word)
	if refused := <-done; refused != "" {
		return refused
	}
	if err != nil || string(word) != "hello" {
		return fmt.Sprintf("the client read %q: %v", word, err)
	}
	return ""
}

func main() {
	var pairs []pair
	if err := json.NewDecoder(os.Stdin).Decode(&pairs); err != nil {
		panic(err)
	}
	refusals := make([]string, len(pairs))
	for number, one := range pairs {
		refusals[number] = handshake(one)
	}
	json.NewEncoder(os.Stdout).Encode(refusals)
}
