# The rules of the AWS plugin come as a binary from a place that no registry has; these are tflint's own.
plugin "terraform" {
  enabled = true
  preset  = "all"
}
