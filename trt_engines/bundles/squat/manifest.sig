{
  "key": "4a796303d352dd2d81d2f858db45f620be32afc2ba68221f27b4d5bcf95ae33b",
  "ed25519": "IpNwkbueGBYzxZxwfy8tUFWflGKrZmKQZloWDjmSZL0QWxXo3mKceD5rl+LsHJ+l4M52PmzujwKaV9+9EAPqDA=="
}
