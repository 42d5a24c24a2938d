using System.Diagnostics.Metrics;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

/// <summary>Decides who may publish: one question to the database, all else in memory.</summary>
internal sealed class PublishAuthority(KeyRegister keys, SessionBook book, ChannelDoor door, AttemptThrottle throttle, TimeProvider time, ILogger<PublishAuthority> logger) : IPublishAuthority
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

        var wellFormed = Secret.TryParse(request.StreamKey, out var secret);

        // Somebody else's wrong keys, behind the same address, must not lock out an encoder that is known.
        if (throttle.IsOver(request.Remote) && !(wellFormed && keys.Recall(secret.Id) is { } known && secret.Matches(known.Hash)))
        {
            return Refuse(request, PublishRefusal.TooManyAttempts, "Too many wrong stream keys from your address. Check the key, wait a minute and try again.");
        }

        if (!wellFormed)
        {
            return RefuseUnknown(request);
        }

        while (true)
        {
            var changes = keys.Changes;
            KeyAnswer answer;
            try
            {
                answer = await keys.FindAsync(secret.Id, cancellationToken);
            }
            catch (ControlException)
            {
                return Refuse(request, PublishRefusal.AuthorityUnavailable, "The server cannot check stream keys at the moment. Try again in a moment.");
            }

            if (answer.Key is not { } key || !secret.Matches(key.Hash) || key.ExpiresAt <= time.GetUtcNow())
            {
                return RefuseUnknown(request);
            }

            switch (await door.EnterAsync(key, cancellationToken))
            {
                case Seating.Busy busy:
                    return Refuse(request, PublishRefusal.ChannelBusy, door.Explain(key, busy));

                // A key that was revoked between question and seat would have been missed by whoever sends its encoders away.
                case Seating.Taken taken when keys.Changes != changes:
                    book.Leave(taken.Grant, "asked again");
                    continue;

                case Seating.Taken taken:
                    return Grant(request, key, taken, answer.FromMemory);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask EndedAsync(PublishGrant grant, string reason, CancellationToken cancellationToken)
    {
        book.Leave(grant, reason);
        return ValueTask.CompletedTask;
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

        Verdicts.Add(1, new KeyValuePair<string, object?>("reason", "granted"));
        return new(taken.Grant);
    }

    private PublishVerdict.Refused RefuseUnknown(PublishRequest request)
    {
        throttle.Failed(request.Remote);
        return Refuse(request, PublishRefusal.UnknownKey, "The stream key is not valid. Copy it again from the dashboard, or make a new one.");
    }

    private PublishVerdict.Refused Refuse(PublishRequest request, PublishRefusal reason, string message)
    {
        ControlLog.PublishRefused(logger, request.Remote?.ToString() ?? "?", reason);
        Verdicts.Add(1, new KeyValuePair<string, object?>("reason", reason.ToString()));
        return new(reason, message);
    }
}
