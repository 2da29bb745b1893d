module hardway.calico/tests/integration/go_tls

go 1.21
