module contract-handler

go 1.22
