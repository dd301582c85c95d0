select {{ time }}
