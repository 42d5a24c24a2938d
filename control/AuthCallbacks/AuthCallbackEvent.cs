using System.Net;
using Broadcast.Control.Publishing;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Control.AuthCallbacks;

/// <summary>Request or notification for an auth callback.</summary>
/// <param name="Id">Id shared by the request and the end notification of one publication.</param>
/// <param name="At">Time.</param>
/// <param name="Name">Stream name: what the encoder sent if the auth callback alone decides, otherwise the key's channel.</param>
/// <param name="Channel">Channel, if known.</param>
/// <param name="KeyId">Id of the stream key, if one was presented; never its secret.</param>
/// <param name="Address">Address of the encoder.</param>
/// <param name="Port">Port of the encoder; 0 when unknown.</param>
/// <param name="Encoder">Name that the encoder reports.</param>
/// <param name="Target">Connection data that the encoder reports.</param>
internal sealed record AuthCallbackEvent(
    Guid Id, DateTimeOffset At, string Name, string? Channel, string? KeyId, IPAddress? Address, int Port, string Encoder,
    PublishConnectInfo Target)
{
    /// <summary>End of the publication; <see langword="null"/> for a permission request.</summary>
    public AuthCallbackEnd? End { get; init; }

    /// <summary>Integer form of <see cref="Id"/>, for formats that need one.</summary>
    public int NumericId => BitConverter.ToInt32(Id.ToByteArray()) & int.MaxValue;

    /// <summary>Address as text, with IPv4-mapped addresses as IPv4; empty when unknown.</summary>
    public string AddressText => Address is null ? "" : (Address.IsIPv4MappedToIPv6 ? Address.MapToIPv4() : Address).ToString();

    /// <summary>Creates a permission request for a publisher.</summary>
    /// <param name="request">Request of the encoder.</param>
    /// <param name="key">Validated stream key, if any; the request then omits everything that contains the secret.</param>
    /// <param name="at">Current time.</param>
    public static AuthCallbackEvent PublishRequestOf(PublishRequest request, StreamKeyRecord? key, DateTimeOffset at)
    {
        var remote = request.Remote as IPEndPoint;
        var target = key is null ? request.Target : request.Target with { TcUrl = WithoutKey(request.Target) };
        return new(Guid.NewGuid(), at, key?.Channel.Value ?? request.StreamKey, key?.Channel.Value, key?.KeyId, remote?.Address,
            remote?.Port ?? 0, request.Encoder, target);
    }

    /// <summary>Text without secrets.</summary>
    public override string ToString() => $"{(End is null ? "publish" : "publish done")} {Id}";

    // Some encoders publish to rtmp://HOST/live/KEY and repeat that URL in tcUrl.
    private static string WithoutKey(PublishConnectInfo target) =>
        Uri.TryCreate(target.TcUrl, UriKind.Absolute, out var uri)
        && uri.Host.Length > 0 ? $"{uri.Scheme}://{uri.Authority}/{target.Application}" : "";
}

/// <summary>End of a publication.</summary>
/// <param name="Session">Session of the publication; <see langword="null"/> when the auth callback allowed it but the channel did not admit
/// it.</param>
/// <param name="Reason">Human-readable reason.</param>
internal sealed record AuthCallbackEnd(string? Session, string Reason);
