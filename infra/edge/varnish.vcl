# An edge cache in front of a Broadcast server (Varnish 7.1 or newer, no modules beyond its own `std`).
#
#   varnishd -a :8080 -f /etc/varnish/varnish.vcl -s malloc,2g -p thread_pool_max=5000
#
# To adapt: the address of `backend origin` (several servers: a `directors.round_robin`), the memory for the cache, TLS in front of it.
#
# Of all who ask for the same thing at the same time, one goes to the origin and the others wait for that answer: held reloads of
# playlists (_HLS_msn) and hinted parts cost the origin one request each, however many players wait, and nobody waits longer for it.
# What is being sent is handed on as it comes. How long things are kept is said by the origin's Cache-Control.
#
# Who may watch is asked of the origin (/auth/…) for each viewer every 5 seconds at most; what is then handed out is in the cache once,
# under its address without the token. So that the origin knows viewers' addresses (for tokens that name one), put the address of this
# edge into its option Delivery:TrustedProxies.

vcl 4.1;

import std;

backend origin {
  .host = "broadcast";
  .port = "8080";
  .connect_timeout = 2s;
  # Longer than any reload is held (three times a segment's longest length).
  .first_byte_timeout = 35s;
  .between_bytes_timeout = 35s;
}

sub vcl_recv {
  if (req.restarts == 0) {
    unset req.http.X-Stage;
    unset req.http.X-Object;
    unset req.http.X-Viewer;
    unset req.http.X-Pass;
    unset req.http.X-Stale;
    unset req.http.X-Kept-Under;

    if (req.url == "/edge-health") {
      return (synth(204));
    }
    if (req.url ~ "^/auth(/|\?|$)") {
      return (synth(404));
    }
    if (req.url ~ "^/(?:t/[^/]+/)?(?:live|vod)/" && (req.method == "GET" || req.method == "HEAD")) {
      # An object is the same for every viewer: its name is its address without the token. Arguments have one order, and media have none but downloads,
      # which say which rendition they are of.
      set req.http.X-Object = std.querysort(regsub(req.url, "^/t/[^/?]+/", "/"));
      if (req.http.X-Object ~ "^[^?]*\.(?:m4s|mp4|cmfv|cmfa|jpg|vtt|mpp)\?" && req.http.X-Object !~ "^/vod/[^/?]+/download\.mp4\?") {
        set req.http.X-Object = regsub(req.http.X-Object, "\?.*$", "");
      }
      # The origin is asked for it with the token of whoever comes first.
      if (req.url ~ "^/t/[^/?]+/") {
        set req.http.X-Pass = regsub(req.url, "^(/t/[^/?]+)/.*$", "\1");
      }

      # What the answer to "may this one watch?" is kept under: the path up to the channel, or the session where one is named (sessions
      # of events may be for others than their channel is), the token in it. The viewer's address as well where the answer may depend on it: behind a token that is not good anywhere ("-" in its last but one field), and where a path
      # has more than one spelling.
      if (req.url ~ "^[^?]*(?:\.\.|%|//)") {
        set req.http.X-Viewer = req.url + " " + client.ip;
      } else if (req.url ~ "^/t/1\.[0-9a-z]{8}\.[0-9a-z](?:[0-9a-z-]{0,62}[0-9a-z])?\.(?:0|[1-9][0-9]{0,10})\.[0-9A-Za-z_-]{1,32}\.-\.[0-9A-Za-z_-]{43}/live/[^/?]+/" || req.url ~ "^/live/[^/?]+/") {
        set req.http.X-Viewer = regsub(req.url, "^((?:/t/[^/?]+)?/live/[^/?]+(?:/[0-7][0-9A-HJKMNP-TV-Z]{25}(?=/))?)/.*$", "\1");
      } else if (req.url ~ "^/t/[^/?]+/live/[^/?]+/") {
        set req.http.X-Viewer = regsub(req.url, "^(/t/[^/?]+/live/[^/?]+(?:/[0-7][0-9A-HJKMNP-TV-Z]{25}(?=/))?)/.*$", "\1") + " " + client.ip;
      } else {
        set req.http.X-Viewer = req.url + " " + client.ip;
      }
      set req.http.X-Stage = "viewer";
      set req.http.X-Kept-Under = "session";
      set req.url = "/auth" + req.url;
    } else if (req.url ~ "^/event/[0-7][0-9A-HJKMNP-TV-Z]{25}/status\.json(?:\?|$)" && (req.method == "GET" || req.method == "HEAD")) {
      # How an event stands, which its page asks for again and again. Nobody is asked about: what is not for everybody the origin hands out as `private`, or refuses,
      # and neither is kept. Behind a token it is the origin's business.
      set req.url = regsub(req.url, "\?.*$", "");
      set req.http.X-Stage = "object";
    }
  }

  if (req.http.X-Stage) {
    # Neither decides anything about media.
    unset req.http.Cookie;
    unset req.http.Authorization;
    if (req.http.X-Stage == "object" && req.url ~ "^/vod/[^/]+/download\.mp4") {
      # A recording as one file: large and asked for once. Ranges go through.
      return (pass);
    }
    if (req.http.X-Stage == "object" && req.http.X-Pass ~ "^/t/1p\.") {
      # Who may preview gets what its audience does not get yet, under the same address: that is not kept, nor is anything kept handed out for it.
      return (pass);
    }
    if (req.http.X-Stale) {
      set req.grace = 1h;
    } else {
      # Nothing that is over is handed out while the origin answers: a live playlist would be a whole refresh late.
      set req.grace = 0s;
    }
    return (hash);
  }

  # Pages, API, chat: the origin's business.
  if (req.http.Upgrade ~ "(?i)websocket") {
    return (pipe);
  }
  return (pass);
}

sub vcl_pipe {
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
      # Its addresses are relative there, so that they keep the token.
      hash_data("guarded");
    }
  }
  return (lookup);
}

sub vcl_backend_fetch {
  if (bereq.http.X-Stage == "object" && bereq.http.X-Pass) {
    set bereq.url = bereq.http.X-Pass + bereq.url;
  }
  if (bereq.url ~ "^/(?:t/[^/]+/)?vod/[^/]+/download\.mp4(?:\?|$)") {
    # Of a long recording all segments are looked at before the first byte.
    set bereq.first_byte_timeout = 300s;
  }
  # Gone with a second try, so that it does not stand there twice.
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

  if (beresp.status >= 500) {
    if (bereq.url ~ "[?&]_HLS_" || bereq.url ~ "/(?:i[0-9]+-)?[0-9]+(?:\.[0-9]+)?\.m4s$") {
      # What was waited for does not come. All who waited are told so, instead of each asking again by itself.
      set beresp.ttl = 1s;
      set beresp.grace = 0s;
      return (deliver);
    }
    # An older answer is better, where there is one (see vcl_synth).
    return (abandon);
  }

  unset beresp.http.Set-Cookie;
  if (bereq.url ~ "^/auth/") {
    if (beresp.http.Cache-Control !~ "max-age=[1-9]") {
      # It holds for this one request: others behind the same address are asked about by themselves.
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
    # One viewer's token, which is over: the next one may come with a good one.
    set beresp.ttl = 1s;
    set beresp.uncacheable = true;
    return (deliver);
  }

  if (beresp.status >= 400) {
    # Something that is not there may be in a moment.
    set beresp.ttl = 1s;
    set beresp.grace = 0s;
    return (deliver);
  }

  # While the origin is away: media is right for ever, a playlist for about as long as players wait with one that does not grow.
  if (bereq.url ~ "\.(?:m4s|mp4|cmfv|cmfa|jpg)(?:\?|$)") {
    set beresp.grace = 1h;
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
    if (resp.http.X-Refusal == "no_channel") {
      set resp.status = 404;
    }
    # Players on other sites are told as well, and so that they ask again when it may be otherwise.
    set resp.http.Access-Control-Allow-Origin = "*";
    set resp.http.Access-Control-Expose-Headers = "X-Refusal";
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
    # The origin is away: once more, and what is over will do.
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
