namespace Broadcast.Control.Publishing;

/// <summary>URLs to enter into an encoder, besides the stream key.</summary>
/// <param name="Rtmp">RTMP URL with its path: <c>rtmp://live.example.org:1935/live</c>.</param>
/// <param name="Rtmps">RTMPS URL, or <see langword="null"/> when the server does not listen for RTMPS.</param>
/// <param name="IsCertified">Whether RTMPS uses a configured certificate that encoders can verify, not the self-signed one.</param>
public sealed record PublishUrls(string Rtmp, string? Rtmps, bool IsCertified = false);

/// <summary>Provider of publish URLs. The host implements it, because it opens the ports. Without it the API omits the URLs.</summary>
public interface IPublishUrls
{
    /// <summary>Gets the URLs for a client that reached the API by the given host name.</summary>
    /// <param name="host">Name or address from the request's <c>Host</c> header, without port, IPv6 in brackets; may be empty.</param>
    PublishUrls For(string host);
}
