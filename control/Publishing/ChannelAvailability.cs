using System.Globalization;
using Broadcast.Control.Events;
using Broadcast.Control.Servers;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Publishing;

/// <summary>Reason why a channel accepts no encoder at present.</summary>
/// <param name="Reason">Reason for the encoder and for metrics.</param>
/// <param name="Summary">Reason for the auth callback.</param>
/// <param name="Message">Message for the encoder, with the remedy.</param>
internal sealed record ChannelRejection(PublishRejectionReason Reason, string Summary, string Message);

/// <summary>
/// Decides whether a channel accepts encoders, whatever their key: not during the cooldown after an event, and not while the channel is on
/// air at another server.
/// </summary>
internal sealed class ChannelAvailability(IActiveEvents events,
    [FromKeyedServices(ControlClock.Key)] TimeProvider time, RemoteSessions? remoteSessions = null)
{
    /// <summary>Gets the reason for rejecting all encoders of a channel; <see langword="null"/> when it accepts encoders.</summary>
    public ChannelRejection? FindRejection(long channelId, ChannelName channel)
    {
        // The previous event can still be cached as active for a moment.
        if (events.CooldownOf(channelId) is { } cooldown && cooldown.Until > time.GetUtcNow()
            && (events.Find(channelId)?.EventId ?? cooldown.EventId) == cooldown.EventId)
        {
            return new(PublishRejectionReason.EventOver, "the event on the channel has ended", string.Create(
                CultureInfo.InvariantCulture,
                $"'{cooldown.Title}' on channel {channel} has ended. Stop the encoder; the channel accepts encoders again from {cooldown.Until:HH:mm:ss} UTC, or in the preview of its next event."));
        }

        // Based on the last notification. If two servers admit encoders concurrently, the one that writes its session later loses it.
        return remoteSessions?.Has(channelId) == true
            ? new(PublishRejectionReason.ChannelBusy, "the channel is on air at another server",
                $"Channel {channel} is on air at another server. Publish to that server, end the session there first, "
                + "or use another channel.")
            : null;
    }
}
