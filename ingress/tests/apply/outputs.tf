output "api_id" {
  description = "Id of the REST API."
  value       = module.ingress.api_id
}

output "stage_name" {
  description = "Name of the stage."
  value       = module.ingress.stage_name
}

output "queue_url" {
  description = "URL of the queue."
  value       = module.ingress.queue_url
}
