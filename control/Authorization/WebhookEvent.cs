using System.Net;
using Broadcast.Media;

namespace Broadcast.Control;

/// <summary>What a webhook is told or asked.</summary>
/// <param name="Id">The same for the question and the end of one publication.</param>
/// <param name="At">When.</param>
/// <param name="Name">What stands for the stream name: what the encoder presented when the webhook alone decides, otherwise the key's channel.</param>
/// <param name="Channel">The channel, when it is known.</param>
/// <param name="KeyId">Which key of ours, when one was presented; never its secret.</param>
/// <param name="Address">Where the encoder connected from.</param>
/// <param name="Port">Its port there; 0 when not known.</param>
/// <param name="Encoder">What it calls itself.</param>
/// <param name="Target">What it said of where it publishes.</param>
internal sealed record WebhookEvent(
    Guid Id, DateTimeOffset At, string Name, string? Channel, string? KeyId, IPAddress? Address, int Port, string Encoder, PublishTarget Target)
{
    /// <summary>What ended, when this tells of an end rather than asks for leave.</summary>
    public WebhookEnd? End { get; init; }

    /// <summary>A number that stands for <see cref="Id"/> where a form wants one.</summary>
    public int Number => BitConverter.ToInt32(Id.ToByteArray()) & int.MaxValue;

    /// <summary>The address as text, IPv4 as such; empty when not known.</summary>
    public string AddressText => Address is null ? "" : (Address.IsIPv4MappedToIPv6 ? Address.MapToIPv4() : Address).ToString();

    /// <summary>What a webhook is asked about a publisher.</summary>
    /// <param name="request">What the encoder presented.</param>
    /// <param name="key">Its key, when that was found good: then nothing goes out that holds the secret.</param>
    /// <param name="at">Now.</param>
    public static WebhookEvent Asking(PublishRequest request, KeyRecord? key, DateTimeOffset at)
    {
        var remote = request.Remote as IPEndPoint;
        var target = key is null ? request.Target : request.Target with { TcUrl = WithoutKey(request.Target) };
        return new(Guid.NewGuid(), at, key?.Channel.Value ?? request.StreamKey, key?.Channel.Value, key?.KeyId, remote?.Address, remote?.Port ?? 0, request.Encoder, target);
    }

    /// <summary>Without what may be secret.</summary>
    public override string ToString() => $"{(End is null ? "publish" : "publish done")} {Id}";

    // Some encoders publish to rtmp://HOST/live/KEY, and then say so here.
    private static string WithoutKey(PublishTarget target) =>
        Uri.TryCreate(target.TcUrl, UriKind.Absolute, out var uri) && uri.Host.Length > 0 ? $"{uri.Scheme}://{uri.Authority}/{target.Application}" : "";
}

/// <summary>How a publication ended.</summary>
/// <param name="Session">The session it belonged to; <see langword="null"/> when it was let in by the webhook and then had no place.</param>
/// <param name="Reason">Why, in plain words.</param>
internal sealed record WebhookEnd(string? Session, string Reason);
