# Fifty values of a list, through the provider netactuate/netactuate.
terraform {
  required_providers {
    netactuate = {
      source = "netactuate/netactuate"
    }
  }
}

variable "base_url" {
  type = string
}

variable "value" {
  type = string
}

provider "netactuate" {
  api_url = var.base_url
}

resource "netactuate_secret_list" "list" {
  name = "prod"
}

resource "netactuate_secret_list_value" "value" {
  count          = 50
  secret_list_id = netactuate_secret_list.list.id
  secret_key     = "KEY_${count.index}"
  secret_value   = "${var.value}\n ${count.index}"
}
