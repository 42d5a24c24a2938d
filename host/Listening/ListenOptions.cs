namespace Broadcast.Host.Listening;

/// <summary>Listen addresses; section <c>Listen</c>. Each has a flag of the same name.</summary>
public sealed class ListenerOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Listen";

    /// <summary>RTMP for encoders; all interfaces, because encoders are remote.</summary>
    public string Rtmp { get; set; } = "*:1935";

    /// <summary>Default port of RTMPS.</summary>
    public const int RtmpsPort = 1936;

    /// <summary>
    /// RTMPS for encoders. Default: RTMP's interface, port 1936, or a port chosen by the system if that is in use or RTMP's port is 0.
    /// </summary>
    public string? Rtmps { get; set; }

    /// <summary>Viewers, API and dashboard over HTTP; all interfaces.</summary>
    public string Http { get; set; } = "*:8080";

    /// <summary>Viewers, API and dashboard over HTTPS; only if <see cref="TlsOptions.CertificateFile"/> or this option is set.</summary>
    public string? Https { get; set; }

    /// <summary>Health checks and metrics; loopback only, because they require no token.</summary>
    public string Internal { get; set; } = "127.0.0.1:8090";
}

/// <summary>
/// Certificate of RTMPS and HTTPS; section <c>Tls</c>. Without one, RTMPS uses a self-signed certificate from the data folder.
/// </summary>
public sealed class TlsOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Tls";

    /// <summary>PEM file with the certificate and its chain, or PFX file (<c>.pfx</c>, <c>.p12</c>) that also contains the key.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>PEM file with the private key; <see langword="null"/> if it is in <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; set; }

    /// <summary>Password of the PFX file or the private key.</summary>
    public string? Password { get; set; }

    /// <summary>Interval between checks for a new certificate, 1 s to 1 h. Default 10 s.</summary>
    public TimeSpan CheckInterval { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>Public URLs, if they differ from the listen addresses, as behind a CDN or reverse proxy; section <c>Delivery</c>.</summary>
public sealed class DeliveryOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Delivery";

    /// <summary>
    /// Base URL of pages and API, such as <c>https://live.example.org</c>; <see langword="null"/> to use the requested host.
    /// </summary>
    public string? PublicUrl { get; set; }

    /// <summary>Base URL of media, such as <c>https://cdn.example.org</c>; <see langword="null"/> for that of pages.</summary>
    public string? MediaUrl { get; set; }

    /// <summary>
    /// IP addresses and networks of trusted edges and proxies, such as <c>10.0.0.0/8, 192.0.2.7</c>. Their <c>X-Forwarded-For</c> header is
    /// used; that of other clients is ignored. <see langword="null"/> for none.
    /// </summary>
    public string? TrustedProxies { get; set; }

    /// <summary>
    /// Maximum HTTP and HTTPS connections of one IPv4 address or IPv6 /64, except <see cref="TrustedProxies"/>; 1 to 1,000,000. By default,
    /// <see langword="null"/>, three sixteenths of what the process may open, up to 9,375, and no limit for loopback addresses.
    /// </summary>
    public int? MaxConnectionsPerClient { get; set; }
}
