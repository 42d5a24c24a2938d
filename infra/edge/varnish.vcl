# Edge cache in front of a Broadcast server (Varnish 7.1 or newer, no modules except its own).
#
#   varnishd -a :8080 -f /etc/varnish/varnish.vcl -s malloc,2g -p thread_pool_max=1000 -p thread_queue_limit=20000 -p idle_send_timeout=10
#
# thread_pool_max: about 500 for each processor core, at most 5000. A response to a slow client takes a thread, but with more
# threads than the cores can run, all readers of a chat or playlist who are answered at once wait longer.
# thread_queue_limit: how many of them can wait for a thread. With the default of 20, Varnish closes their connections.
#
# Varnish has no limit of connections per client: set one in the firewall or in the TLS proxy in front of it. A module can
# limit the rate of requests (docs/operations.md#connections).
#
# Adapt: the address of `backend origin`, the memory for the cache, TLS in front of it. Every server of a cluster serves
# every channel: the backend may be any of them, HAProxy (infra/haproxy), or all of them. For all, repeat `backend origin`
# and its line in `vcl_init` under another name for each further server, and add to each backend:
#   .probe = { .url = "/time"; .interval = 1s; .timeout = 2s; .window = 3; .threshold = 2; }
# Requests of a channel then go to one server while it answers.
#
# Concurrent requests for the same object are combined: one goes to the origin, and the others wait for its response. A
# held playlist reload (_HLS_msn) or a hinted part therefore costs the origin one request, however many players wait,
# without additional latency. Responses are forwarded as they arrive. The origin's Cache-Control determines cache
# lifetimes.
#
# The origin decides viewer access (/auth/…), at most every 5 seconds per viewer. The cache stores each object once,
# under its URL without the token. Add this edge's address to the origin's option Delivery:TrustedProxies, so that the
# origin knows viewers' addresses (for tokens bound to one).

vcl 4.1;

import directors;
import std;

backend origin {
  .host = "broadcast";
  .port = "8080";
  .connect_timeout = 2s;
  # Longer than a reload is held while the encoder sends (the maximum segment duration), and than the origin holds a request
  # of a low-latency channel. If the machine of the server has disappeared, players that wait get another server's response
  # after this time. A request that is held longer is asked for again.
  .first_byte_timeout = 12s;
  .between_bytes_timeout = 12s;
}

sub vcl_init {
  new servers = directors.shard();
  servers.add_backend(origin);
  servers.reconfigure();
}

sub vcl_recv {
  if (req.restarts == 0) {
    unset req.http.X-Stage;
    unset req.http.X-Object;
    unset req.http.X-Viewer;
    unset req.http.X-Pass;
    unset req.http.X-Stale;
    unset req.http.X-Cache-Scope;

    # The outermost edge replaces the addresses that clients claim. Adapt: with TLS in front, which connects with the PROXY
    # protocol, "https" for its port. Behind another edge, remove both lines.
    set req.http.X-Forwarded-For = client.ip;
    set req.http.X-Forwarded-Proto = "http";

    if (req.url == "/edge-health") {
      return (synth(204));
    }
    if (req.url ~ "^/auth(/|\?|$)") {
      return (synth(404));
    }
    if (req.url ~ "^/(?:t/[^/]+/)?(?:live|vod)/" && req.url ~ "^[^?]*(?:\.\.|/\.|%|//)") {
      # Spellings of media paths that players never use. The origin would resolve them, but cache keys contain them as they
      # are, so that one channel's objects would be kept under the name of another.
      return (synth(404));
    }
    if (req.url ~ "^/(?:t/[^/]+/)?(?:live|vod)/" && (req.method == "GET" || req.method == "HEAD")) {
      # An object is the same for every viewer: its cache key is its URL without the token. Arguments are sorted.
      # Arguments of media URLs are removed, except those of downloads, which name the rendition, and of
      # channels' posters, where "optional" selects the response for a missing one.
      set req.http.X-Object = std.querysort(regsub(req.url, "^/t/[^/?]+/", "/"));
      if (req.http.X-Object ~ "^[^?]*\.(?:m4s|mp4|cmfv|cmfa|jpg|vtt|mpp)\?" && req.http.X-Object !~ "^/vod/[^/?]+/download\.mp4\?" && req.http.X-Object !~ "^/live/[^/?]+/poster\.jpg\?") {
        set req.http.X-Object = regsub(req.http.X-Object, "\?.*$", "");
      }
      # The request to the origin uses the token of the first viewer.
      if (req.url ~ "^/t/[^/?]+/") {
        set req.http.X-Pass = regsub(req.url, "^(/t/[^/?]+)/.*$", "\1");
      }

      # Cache key of access decisions: the path up to the channel, or up to the session if the path contains one,
      # including the token. Sessions of events may have another access policy than their channel. The key of a request
      # with a token also contains the viewer's address, because the decision may depend on it. Exceptions are tokens
      # that the server created without an address ("-" in the second-last field).
      if (req.url ~ "^/t/1\.[0-9a-z]{8}\.[0-9a-z](?:[0-9a-z-]{0,62}[0-9a-z])?\.(?:0|[1-9][0-9]{0,10})\.[0-9A-Za-z_-]{1,32}\.-\.[0-9A-Za-z_-]{43}/live/[^/?]+/" || req.url ~ "^/live/[^/?]+/") {
        set req.http.X-Viewer = regsub(req.url, "^((?:/t/[^/?]+)?/live/[^/?]+(?:/[0-7][0-9A-HJKMNP-TV-Z]{25}(?=/))?)/.*$", "\1");
      } else if (req.url ~ "^/t/[^/?]+/live/[^/?]+/") {
        set req.http.X-Viewer = regsub(req.url, "^(/t/[^/?]+/live/[^/?]+(?:/[0-7][0-9A-HJKMNP-TV-Z]{25}(?=/))?)/.*$", "\1") + " " + client.ip;
      } else {
        set req.http.X-Viewer = req.url + " " + client.ip;
      }
      set req.http.X-Stage = "viewer";
      set req.http.X-Cache-Scope = "session";
      set req.url = "/auth" + req.url;
    } else if (req.url ~ "^/event/[0-7][0-9A-HJKMNP-TV-Z]{25}/status\.json(?:\?|$)" && (req.method == "GET" || req.method == "HEAD")) {
      # An event's status, which its page polls. It has no access check here: the origin marks restricted responses and
      # denials as `private`, so they are not cached. Requests with a token go to the origin.
      set req.url = regsub(req.url, "\?.*$", "");
      set req.http.X-Stage = "object";
    }
  }

  if (req.http.X-Stage) {
    # Cookies and credentials have no effect on media.
    unset req.http.Cookie;
    unset req.http.Authorization;
    if (req.http.X-Stage == "object" && req.url ~ "^/vod/[^/]+/download\.mp4") {
      # A recording as one file: large and requested once. Ranges are forwarded.
      return (pass);
    }
    if (req.http.X-Stage == "object" && req.http.X-Pass ~ "^/t/1p\.") {
      # Preview tokens give access to media that other viewers do not get yet, at the same URL. Such requests bypass the
      # cache in both directions.
      return (pass);
    }
    if (req.http.X-Stale) {
      set req.grace = 1h;
    } else {
      # No stale responses while the origin responds: a live playlist would be one refresh late.
      set req.grace = 0s;
    }
    return (hash);
  }

  # Pages, API, chat: forwarded to the origin.
  if (req.http.Upgrade ~ "(?i)websocket") {
    return (pipe);
  }
  return (pass);
}

sub vcl_pipe {
  set bereq.backend = servers.backend(by=KEY, key=servers.key(bereq.url));
  if (req.http.Upgrade) {
    set bereq.http.Upgrade = req.http.Upgrade;
    set bereq.http.Connection = req.http.Connection;
  }
}

sub vcl_hash {
  hash_data(req.http.X-Stage);
  if (req.http.X-Stage == "viewer") {
    hash_data(req.http.X-Viewer);
  } else {
    hash_data(req.url);
    if (req.http.X-Pass && req.url ~ "^/live/[^/]+/manifest\.mpd") {
      # With a token, a channel's MPD has relative URLs, so that they keep the token.
      hash_data("guarded");
    }
  }
  return (lookup);
}

sub vcl_backend_fetch {
  # By channel or recording; a retry goes to the next server.
  set bereq.backend = servers.backend(by=KEY, key=servers.key(regsub(bereq.url, "^/(?:auth/)?(?:t/[^/]+/)?((?:live|vod)/[^/?]+).*$", "\1")), alt=bereq.retries);
  if (bereq.http.X-Stage == "object" && bereq.http.X-Pass) {
    set bereq.url = bereq.http.X-Pass + bereq.url;
  }
  if (bereq.url ~ "^/(?:t/[^/]+/)?vod/[^/]+/download\.mp4(?:\?|$)") {
    # The origin inspects all segments of a long recording before the first byte.
    set bereq.first_byte_timeout = 300s;
    set bereq.between_bytes_timeout = 35s;
  } else if (bereq.url ~ "^/auth/" || bereq.url ~ "^[^?]*\.(?:m3u8|mpd)(?:\?(?!.*_HLS_)|$)") {
    # Never held. If the machine of the server has disappeared, viewers wait for this long until another server is asked. Longer
    # than the auth callback of the origin (Authorization:Timeout, 3 s).
    set bereq.first_byte_timeout = 5s;
  } else if (bereq.url !~ "^/(?:t/[^/]+/)?(?:live|vod)/") {
    # API and dashboard: uploads are checked before they are answered.
    set bereq.first_byte_timeout = 35s;
    set bereq.between_bytes_timeout = 35s;
  }
  # Removed here because a retry would otherwise add the token twice.
  unset bereq.http.X-Pass;
  unset bereq.http.X-Stage;
  unset bereq.http.X-Object;
  unset bereq.http.X-Viewer;
  unset bereq.http.X-Stale;
}

sub vcl_backend_response {
  if (bereq.uncacheable) {
    return (deliver);
  }

  if (beresp.status == 503 && bereq.retries < 1) {
    # A server of a cluster that has lost the owner of a session: another one may have taken it over.
    return (retry);
  }

  if (beresp.status >= 500) {
    if (bereq.url ~ "[?&]_HLS_" || bereq.url ~ "/chat\.json" || bereq.url ~ "/(?:i[0-9]+-)?[0-9]+(?:\.[0-9]+)?\.m4s$") {
      # The awaited media do not arrive. All waiting clients get this response, instead of a request each.
      set beresp.ttl = 1s;
      set beresp.grace = 0s;
      return (deliver);
    }
    # A stale response is better, if there is one (see vcl_synth).
    return (abandon);
  }

  unset beresp.http.Set-Cookie;
  if (bereq.url ~ "^/auth/") {
    if (beresp.http.Cache-Control !~ "max-age=[1-9]") {
      # Valid for this request only: other clients behind the same address are checked separately.
      set beresp.ttl = 60s;
      set beresp.uncacheable = true;
      return (deliver);
    }
    set beresp.grace = 1h;
    if (beresp.status != 204) {
      set beresp.ttl = 1s;
      set beresp.grace = 0s;
    }
    return (deliver);
  }

  if (beresp.status == 401 || beresp.status == 403) {
    # This viewer's token has expired: the next viewer may have a valid one.
    set beresp.ttl = 1s;
    set beresp.uncacheable = true;
    return (deliver);
  }

  if (beresp.status >= 400) {
    # A missing object may exist a moment later.
    set beresp.ttl = 1s;
    set beresp.grace = 0s;
    return (deliver);
  }

  # While the origin is unavailable, media stay valid, and a playlist for about as long as players wait for it to grow.
  if (bereq.url ~ "\.(?:m4s|mp4|cmfv|cmfa|jpg)(?:\?|$)") {
    set beresp.grace = 1h;
  } else if (bereq.url ~ "^/(?:t/[^/]+/)?(?:live/[^/]+/(?:chat\.json|[^/]+/chat/)|vod/[^/]+/chat)") {
    # Removed messages must disappear, and an old list would make pages ask again at once.
    set beresp.grace = 0s;
  } else {
    set beresp.grace = 1m;
  }
}

sub vcl_backend_error {
  if (bereq.retries < 1) {
    return (retry);
  }
  return (abandon);
}

sub vcl_deliver {
  unset resp.http.Via;
  unset resp.http.X-Varnish;
  if (req.http.X-Stage == "viewer") {
    if (resp.status == 204) {
      set req.url = req.http.X-Object;
      set req.http.X-Stage = "object";
      unset req.http.X-Stale;
      return (restart);
    }
    if (resp.http.X-Denial-Reason == "no_channel") {
      set resp.status = 404;
    }
    if (resp.http.X-Denial-Reason == "unavailable") {
      # The auth callback does not respond. The origin says so with 403, because 503 would keep the last decision.
      set resp.status = 503;
      set resp.http.Retry-After = "1";
    }
    # CORS headers let players on other sites read the reason; the short lifetime lets them retry.
    set resp.http.Access-Control-Allow-Origin = "*";
    set resp.http.Access-Control-Expose-Headers = "X-Denial-Reason";
    set resp.http.Cache-Control = "max-age=1";
    return (deliver);
  }
  if (req.http.X-Stage) {
    if (req.http.X-Stale) {
      set resp.http.X-Cache = "STALE";
    } else if (obj.hits > 0) {
      set resp.http.X-Cache = "HIT";
    } else {
      set resp.http.X-Cache = "MISS";
    }
  }
}

sub vcl_synth {
  if (resp.status == 503 && req.http.X-Stage && !req.http.X-Stale) {
    # The origin is unavailable: retry, accepting a stale response.
    set req.http.X-Stale = "1";
    return (restart);
  }
  set resp.http.Access-Control-Allow-Origin = "*";
  set resp.http.Cache-Control = "no-store";
  if (resp.status == 503) {
    set resp.http.Retry-After = "1";
  }
  set resp.body = "";
  return (deliver);
}
