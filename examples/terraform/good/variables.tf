variable "account_id" {
  type    = string
  default = "111122223333"
}

variable "name" {
  type    = string
  default = "acme-audit"
}

variable "data_events" {
  type    = bool
  default = true
}
