using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

/// <summary>Decides who may publish: one question to the database, all else in memory.</summary>
internal sealed class PublishAuthority(
    PublisherCheck check, KeyRegister keys, SessionBook book, ChannelDoor door, IEventGate events, WebhookNotices notices, TimeProvider time, ILogger<PublishAuthority> logger,
    SessionsElsewhere? elsewhere = null) : IPublishAuthority
{
    private static readonly Counter<long> Verdicts = Telemetry.Meter.CreateCounter<long>(
        "broadcast_publish_verdicts_total", description: "Answers given to encoders that asked to publish, by reason; 'granted' when they were let in.");

    private volatile bool _ready;

    /// <summary>Sessions left open by an earlier process have been taken over: from now on new ones can be told from those.</summary>
    public void Open() => _ready = true;

    /// <inheritdoc/>
    public async ValueTask<PublishVerdict> AuthorizeAsync(PublishRequest request, CancellationToken cancellationToken)
    {
        if (!_ready)
        {
            return Refuse(request, PublishRefusal.AuthorityUnavailable, "The server has not reached its database yet. Try again in a moment.");
        }

        Checked.Good? earlier = null;
        while (true)
        {
            var changes = keys.Changes;
            var found = await check.CheckAsync(request, earlier, cancellationToken);
            if (found is not Checked.Good good)
            {
                var bad = (Checked.Bad)found;
                NoPlace(earlier, bad.Message);
                return Refuse(request, bad.Reason, bad.Message);
            }

            earlier = good;

            // What has the channel may be the same event still, for the moment until that is read again.
            if (events.RestOf(good.Key.ChannelId) is { } rest && rest.Until > time.GetUtcNow() && (events.Find(good.Key.ChannelId)?.EventId ?? rest.EventId) == rest.EventId)
            {
                NoPlace(good, "the event on the channel is over");
                return Refuse(request, PublishRefusal.EventOver, string.Create(
                    CultureInfo.InvariantCulture, $"'{rest.Title}' on channel {good.Key.Channel} is over. Stop the encoder; the channel takes one again from {rest.Until:HH:mm:ss} UTC on, or in the preview of its next event."));
            }

            // As last heard. Where two servers let somebody in before they heard of each other, the one that writes its session later loses it.
            if (elsewhere?.Has(good.Key.ChannelId) == true)
            {
                NoPlace(good, "the channel is on air at another server");
                return Refuse(request, PublishRefusal.ChannelBusy,
                    $"Channel {good.Key.Channel} is on air at another server. Publish to that one, end the broadcast there first, or use another channel.");
            }

            switch (await door.EnterAsync(AsPlanned(good.Key), cancellationToken))
            {
                case Seating.Busy busy:
                    NoPlace(good, "another encoder is publishing on the channel");
                    return Refuse(request, PublishRefusal.ChannelBusy, door.Explain(good.Key, busy));

                // A key that was revoked between question and seat would have been missed by whoever sends its encoders away.
                case Seating.Taken taken when keys.Changes != changes:
                    book.Leave(taken.Grant, "asked again");
                    continue;

                case Seating.Taken taken:
                    if (good.Asked is { } asked)
                    {
                        notices.Began(taken.Grant.PublicationId, asked);
                    }

                    return Grant(request, good.Key, taken, good.FromMemory);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask EndedAsync(PublishGrant grant, string reason, CancellationToken cancellationToken)
    {
        book.Leave(grant, reason);
        book.TellStopped(grant, reason);
        notices.Ended(grant.PublicationId, grant.Session.Id.Value, reason);
        return ValueTask.CompletedTask;
    }

    /// <summary>A key as the event has it that the channel is used for now: a session that begins is the event's.</summary>
    private KeyRecord AsPlanned(KeyRecord key) => events.Find(key.ChannelId) is not { } claim ? key : key with
    {
        Ladder = claim.Ladder ?? key.Ladder,
        Latency = LatencyProfile.Find(claim.Latency) ?? key.Latency,
        IsRecorded = claim.IsRecorded ?? key.IsRecorded,
    };

    private void NoPlace(Checked.Good? good, string reason)
    {
        if (good?.Asked is { } asked)
        {
            notices.NoPlace(asked, reason);
        }
    }

    private PublishVerdict.Granted Grant(PublishRequest request, KeyRecord key, Seating.Taken taken, bool fromMemory)
    {
        var session = taken.Grant.Session;
        if (fromMemory)
        {
            ControlLog.AcceptedFromMemory(logger, key.KeyId);
        }

        var remote = request.Remote?.ToString() ?? "?";
        if (taken.Continued)
        {
            ControlLog.SessionContinued(logger, session.Channel.Value, session.Id.Value, remote, key.KeyId, session.Epoch);
        }
        else
        {
            ControlLog.SessionStarted(logger, session.Channel.Value, session.Id.Value, remote, key.KeyId);
        }

        book.TellStarted(taken.Grant, key.KeyId, taken.Continued);
        Verdicts.Add(1, new KeyValuePair<string, object?>("reason", "granted"));
        return new(taken.Grant);
    }

    private PublishVerdict.Refused Refuse(PublishRequest request, PublishRefusal reason, string message)
    {
        ControlLog.PublishRefused(logger, request.Remote?.ToString() ?? "?", reason);
        Verdicts.Add(1, new KeyValuePair<string, object?>("reason", reason.ToString()));
        return new(reason, message);
    }
}
