using System.Net;

namespace Broadcast.Media.IngestToControl;

/// <summary>An encoder's request to publish.</summary>
/// <param name="StreamKey">The stream key. Never logged, and never part of a name or a URL.</param>
/// <param name="Remote">Remote address of the encoder.</param>
/// <param name="Encoder">Encoder name (<c>flashVer</c> or the metadata's <c>encoder</c>), without control characters; empty when
/// unknown.</param>
public sealed record PublishRequest(string StreamKey, EndPoint? Remote, string Encoder)
{
    /// <summary>Maximum length of <see cref="Encoder"/> in characters: that of the name of a target of another Broadcast.</summary>
    public const int MaxEncoder = 256;

    /// <summary>Connection details sent by the encoder, without the key; empty values when unknown.</summary>
    public PublishConnectInfo Target { get; init; } = PublishConnectInfo.Unknown;

    /// <summary>A description without the key.</summary>
    public override string ToString() => $"publish from {Remote}";
}

/// <summary>
/// Connection details as sent by the encoder, passed on to auth callbacks. All values are untrusted and may contain secrets.
/// </summary>
/// <param name="Application">First segment of the path, such as <c>live</c>.</param>
/// <param name="TcUrl"><c>tcUrl</c> of the <c>connect</c> command.</param>
/// <param name="SwfUrl"><c>swfUrl</c> of the <c>connect</c> command; usually empty.</param>
/// <param name="PageUrl"><c>pageUrl</c> of the <c>connect</c> command; usually empty.</param>
/// <param name="Query">Query string of the stream name, or else of the application; without the <c>?</c>.</param>
/// <param name="IsEncrypted">Whether the connection uses TLS.</param>
public sealed record PublishConnectInfo(string Application, string TcUrl, string SwfUrl, string PageUrl, string Query, bool IsEncrypted)
{
    /// <summary>Maximum length of each value, in characters; longer values are dropped.</summary>
    public const int MaxText = 2048;

    /// <summary>An instance without details.</summary>
    public static PublishConnectInfo Unknown { get; } = new("", "", "", "", "", IsEncrypted: false);

    /// <summary>A description without possible secrets.</summary>
    public override string ToString() => Application;
}
