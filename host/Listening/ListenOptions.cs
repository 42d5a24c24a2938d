namespace Broadcast.Host.Listening;

/// <summary>Where the server listens (section <c>Listen</c>; each has a flag of the same name).</summary>
public sealed class ListenerOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Listen";

    /// <summary>Encoders over plain RTMP. Every interface, because encoders are elsewhere.</summary>
    public string Rtmp { get; set; } = "*:1935";

    /// <summary>The usual port of RTMPS.</summary>
    public const int RtmpsPort = 1936;

    /// <summary>Encoders over RTMP in TLS. When not given: on RTMP's interface at 1936, or at a port the system chooses when that is taken or RTMP's is 0.</summary>
    public string? Rtmps { get; set; }

    /// <summary>Viewers, API and dashboard. Every interface.</summary>
    public string Http { get; set; } = "*:8080";

    /// <summary>The same over HTTPS; listens only when <see cref="TlsOptions.CertificateFile"/> is set or this is given.</summary>
    public string? Https { get; set; }

    /// <summary>Health and metrics. Loopback only, because it needs no token.</summary>
    public string Internal { get; set; } = "127.0.0.1:8090";
}

/// <summary>The certificate of RTMPS and HTTPS (section <c>Tls</c>). Without one, RTMPS uses a self-signed certificate made in the data folder.</summary>
public sealed class TlsOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Tls";

    /// <summary>PEM file with the certificate and its chain, or PFX file (<c>.pfx</c>, <c>.p12</c>) with both and the key.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>PEM file with the private key; <see langword="null"/> when it is in <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; set; }

    /// <summary>What the PFX file or the private key is encrypted with.</summary>
    public string? Password { get; set; }

    /// <summary>How often the files are looked at for a new certificate. Default 10 s, 1 s to 1 h.</summary>
    public TimeSpan CheckInterval { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>Addresses handed out to viewers (section <c>Delivery</c>), when they differ from where this server listens: a CDN, a reverse proxy.</summary>
public sealed class DeliveryOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Delivery";

    /// <summary>Base address of pages and API, such as <c>https://live.example.org</c>; <see langword="null"/> to use the address asked for.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>Base address of media, such as <c>https://cdn.example.org</c>; <see langword="null"/> for the same as pages.</summary>
    public string? MediaUrl { get; set; }

    /// <summary>
    /// Edges and proxies whose <c>X-Forwarded-For</c> is believed, as addresses and networks: <c>10.0.0.0/8, 192.0.2.7</c>. From everybody else the header counts for nothing.
    /// <see langword="null"/> for none.
    /// </summary>
    public string? TrustedProxies { get; set; }
}
