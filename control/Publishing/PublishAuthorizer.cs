using System.Diagnostics.Metrics;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Events;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.IngestToControl;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control.Publishing;

/// <summary>Authorizes publishers with one database query; all else is in memory.</summary>
internal sealed class PublishAuthorizer(
    PublishAuthorization check, StreamKeyCache keys, SessionManager sessionManager, PublishAdmission admission, IActiveEvents events,
    ChannelAvailability availability, AuthCallbackNotifier callbackNotifier, ILogger<PublishAuthorizer> logger,
    ServerIdentity? identity = null) : IPublishAuthorizer
{
    private const string NoMediaServer =
        "No server with role 'media' can be reached. Start one, or try again in a moment; 'server list' shows the servers.";

    private const string Loop =
        "This target would publish the channel to itself, directly or through other channels. Delete it, or use another key.";

    private static readonly string TooManySessions =
        $"The media have already passed through {TargetAgent.MaxSessions} channels. Publish them from an earlier one.";

    private static readonly Counter<long> Decisions = Telemetry.Meter.CreateCounter<long>(
        "broadcast_publish_decisions_total", description: "Decisions on publish requests, by reason; 'granted' when admitted, "
        + "'elsewhere' when another server decides.");

    private readonly bool _canOwn = identity?.Roles.Media ?? true;
    private volatile bool _ready;

    /// <summary>
    /// Starts authorization after sessions of an earlier process have been resumed, so that new sessions can be distinguished from them.
    /// </summary>
    public void Start() => _ready = true;

    /// <inheritdoc/>
    public async ValueTask<PublishDecision> AuthorizeAsync(PublishRequest request, CancellationToken cancellationToken)
    {
        if (!_ready)
        {
            return Reject(request, PublishRejectionReason.AuthorityUnavailable,
                "The server has not connected to its database yet. Try again in a moment.");
        }

        var upstream = TargetAgent.FindSessions(request.Encoder);
        StreamKeyCheck.Valid? earlier = null;
        SessionId? begun = null;
        var mayBeElsewhere = true;
        while (true)
        {
            var (changes, isDecidedElsewhere) = (keys.Changes, false);
            var result = await check.CheckAsync(request, earlier,
                key => isDecidedElsewhere = mayBeElsewhere && (!_canOwn || availability.IsOnAirElsewhere(key)), cancellationToken);
            if (result is not StreamKeyCheck.Valid validKey)
            {
                var invalidKey = (StreamKeyCheck.Invalid)result;
                NotifyNotAdmitted(earlier, invalidKey.Message);
                return Reject(request, invalidKey.Reason, invalidKey.Message);
            }

            if (FindLoop(upstream, validKey.Key) is { } loop)
            {
                NotifyNotAdmitted(validKey, loop);
                return Reject(request, PublishRejectionReason.ChannelBusy, loop);
            }

            earlier = isDecidedElsewhere ? earlier : validKey;
            if (await availability.FindRejectionAsync(validKey.Key, cancellationToken) is { } rejection)
            {
                NotifyNotAdmitted(validKey, rejection.Summary);
                return RejectOrForward(request, validKey.Key, rejection);
            }

            if (!_canOwn)
            {
                return Forward(validKey.Key, null, new(PublishRejectionReason.AuthorityUnavailable, NoMediaServer));
            }

            if (isDecidedElsewhere)
            {
                // The other server has lost the channel meanwhile: this one decides, and asks the auth callback.
                mayBeElsewhere = false;
                continue;
            }

            switch (await admission.AdmitAsync(WithEventSettings(validKey.Key), upstream, cancellationToken))
            {
                case AdmissionResult.Busy busy:
                    NotifyNotAdmitted(validKey, "another encoder is publishing on the channel");
                    return Reject(request, PublishRejectionReason.ChannelBusy, admission.DescribeRejection(validKey.Key, busy));

                case AdmissionResult.Moving { WhenOver.IsCompleted: true }:
                    continue;

                case AdmissionResult.Moving:
                    NotifyNotAdmitted(validKey, "the session moves to another server");
                    return Reject(request, PublishRejectionReason.AuthorityUnavailable,
                        $"The session of channel {validKey.Key.Channel} moves to another server. Try again in a moment.");

                // A key revoked between lookup and admission would be missed by the disconnection of revoked keys, so the request is
                // checked again. Changes of other keys and channels do not matter: after an outage, many encoders connect at once.
                case AdmissionResult.Admitted admitted when keys.HasChanged(changes, validKey.Key):
                    // The session goes on, and is confirmed when its encoder is admitted again.
                    begun = admitted.Continued ? begun : admitted.Grant.Session.Id;
                    sessionManager.RemovePublisher(admitted.Grant, "authorization repeated");
                    continue;

                // Two targets that close a loop may have been checked at the same time.
                case AdmissionResult.Admitted admitted when FindLoop(upstream, validKey.Key) is { } closed:
                    sessionManager.RemovePublisher(admitted.Grant, closed);
                    NotifyNotAdmitted(validKey, closed);
                    return Reject(request, PublishRejectionReason.ChannelBusy, closed);

                // Cached keys are used while the database is unavailable, which then cannot confirm anything.
                case AdmissionResult.Admitted { Grant: var grant } admitted
                    when (!admitted.Continued || grant.Session.Id == begun) && !validKey.FromCache
                    && await availability.ConfirmStartAsync(validKey.Key, grant.Session.Id, cancellationToken) is { } lost:
                    sessionManager.RemovePublisher(grant, lost.Summary);
                    NotifyNotAdmitted(validKey, lost.Summary);
                    return RejectOrForward(request, validKey.Key, lost);

                case AdmissionResult.Admitted admitted:
                    if (validKey.CallbackRequest is { } callbackRequest)
                    {
                        callbackNotifier.Started(admitted.Grant.PublicationId, callbackRequest);
                    }

                    return Grant(request, validKey.Key, admitted, validKey.FromCache);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask ReportEndAsync(PublishGrant grant, string reason, CancellationToken cancellationToken)
    {
        sessionManager.RemovePublisher(grant, reason);
        sessionManager.NotifyStopped(grant, reason);
        callbackNotifier.Ended(grant.PublicationId, grant.Session.Id.Value, reason);
        return ValueTask.CompletedTask;
    }

    /// <summary>Message if the media of an encoder come from the channel that it wants to publish to, or from too many others.</summary>
    private string? FindLoop(IReadOnlyList<SessionId> upstream, StreamKeyRecord key) =>
        sessionManager.ComeFrom(upstream, key.ChannelId) ? Loop : upstream.Count >= TargetAgent.MaxSessions ? TooManySessions : null;

    /// <summary>Applies the settings of the active event to a key: a session that starts now belongs to the event.</summary>
    private StreamKeyRecord WithEventSettings(StreamKeyRecord key) => events.Find(key.ChannelId) is not { } activeEvent ? key : key with
    {
        Ladder = activeEvent.Ladder ?? key.Ladder,
        Latency = LatencyProfile.Find(activeEvent.Latency) ?? key.Latency,
        IsRecorded = activeEvent.IsRecorded ?? key.IsRecorded,
    };

    private void NotifyNotAdmitted(StreamKeyCheck.Valid? validKey, string reason)
    {
        if (validKey?.CallbackRequest is { } callbackRequest)
        {
            callbackNotifier.NotAdmitted(callbackRequest, reason);
        }
    }

    private PublishDecision.Granted Grant(PublishRequest request, StreamKeyRecord key, AdmissionResult.Admitted admitted, bool fromCache)
    {
        var session = admitted.Grant.Session;
        if (fromCache)
        {
            ControlLog.AcceptedFromCache(logger, key.KeyId);
        }

        var remote = request.Remote?.ToString() ?? "?";
        if (admitted.Continued)
        {
            ControlLog.SessionContinued(logger, session.Channel.Value, session.Id.Value, remote, key.KeyId, session.Epoch);
        }
        else
        {
            ControlLog.SessionStarted(logger, session.Channel.Value, session.Id.Value, remote, key.KeyId);
        }

        sessionManager.NotifyStarted(admitted.Grant, key.KeyId, admitted.Continued);
        Decisions.Add(1, new KeyValuePair<string, object?>("reason", "granted"));
        return new(admitted.Grant);
    }

    /// <summary>Rejects an encoder, or names the server that has its channel on air and decides.</summary>
    private PublishDecision RejectOrForward(PublishRequest request, StreamKeyRecord key, ChannelRejection rejection)
    {
        return rejection.Target is { } target ? Forward(key, target, new(rejection.Reason, rejection.Message))
            : Reject(request, rejection.Reason, rejection.Message);
    }

    private static PublishDecision.OnAirElsewhere Forward(StreamKeyRecord key, RemoteChannel? target, PublishDecision.Rejected otherwise)
    {
        Decisions.Add(1, new KeyValuePair<string, object?>("reason", "elsewhere"));
        return new(key.Channel, target, otherwise);
    }

    private PublishDecision.Rejected Reject(PublishRequest request, PublishRejectionReason reason, string message)
    {
        ControlLog.PublishRejected(logger, request.Remote?.ToString() ?? "?", reason);
        Decisions.Add(1, new KeyValuePair<string, object?>("reason", LabelOf(reason)));
        return new(reason, message);
    }

    /// <summary>The metric label value of a reason.</summary>
    internal static string LabelOf(PublishRejectionReason reason) => reason switch
    {
        PublishRejectionReason.UnknownKey => "unknown_key",
        PublishRejectionReason.ChannelBusy => "channel_busy",
        PublishRejectionReason.TooManyAttempts => "too_many_attempts",
        PublishRejectionReason.AuthorityUnavailable => "authorization_unavailable",
        PublishRejectionReason.ShuttingDown => "shutting_down",
        PublishRejectionReason.EventOver => "event_ended",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "The reason has no metric label."),
    };
}
