{
  "key": "4a796303d352dd2d81d2f858db45f620be32afc2ba68221f27b4d5bcf95ae33b",
  "ed25519": "CNkssE+o0xbUtPUoCuotam3EvXomi3xFIK1UcgVQhpHuJqiPMjkHgzDIQkHTkfZY8y2S/s7ngrvuElylMd4qCw=="
}
