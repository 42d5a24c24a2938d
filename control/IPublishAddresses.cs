namespace Broadcast.Control;

/// <summary>What people enter into an encoder, beside the stream key.</summary>
/// <param name="Rtmp">Plain RTMP with its path: <c>rtmp://live.example.org:1935/live</c>.</param>
/// <param name="Rtmps">The same in TLS, or <see langword="null"/> when the server does not listen for it.</param>
/// <param name="IsCertified">Whether RTMPS shows a configured certificate, which encoders can verify, and not the self-signed one.</param>
public sealed record PublishAddresses(string Rtmp, string? Rtmps, bool IsCertified = false);

/// <summary>Where the API learns where encoders publish. The host provides it, since it opens the ports; without it the API leaves the addresses out.</summary>
public interface IPublishAddresses
{
    /// <summary>The addresses, as somebody reaches them who reached the API by a host name.</summary>
    /// <param name="host">Name or address of the request's <c>Host</c>, without port, IPv6 in brackets; may be empty.</param>
    PublishAddresses For(string host);
}
