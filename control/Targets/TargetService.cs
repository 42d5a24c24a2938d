using Broadcast.Control.Secrets;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Control.Webhooks;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.OriginToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Broadcast.Control.Targets;

/// <summary>State of a target: payload of its webhook events. Never has the stream key.</summary>
/// <param name="Session">Session that is published.</param>
/// <param name="Target">Name of the target.</param>
/// <param name="Reason">Reason why it is not live; <see langword="null"/> when it is.</param>
internal sealed record TargetData(string Session, string Target, string? Reason);

/// <summary>
/// Publishes the sessions of this server to their targets. Follows sessions, their visibility, events and changed targets, and writes the
/// states to the database, from which every server and command reads them. While the database is unavailable, the last known targets stay.
/// </summary>
internal sealed class TargetService : BackgroundService, INotificationHandler
{
    /// <summary>Time without being live after which a target that was live is reported as lost.</summary>
    public static readonly TimeSpan LossThreshold = TimeSpan.FromSeconds(10);

    /// <summary>Time without being live after which a target that was never live is reported as lost.</summary>
    public static readonly TimeSpan StartThreshold = TimeSpan.FromSeconds(30);

    // Many targets may change at the same time.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private const string Read = """
        SELECT t.id, t.channel_id AS channelId, t.name, t.url, t.stream_key AS streamKey, t.rendition, t.mode, t.session_id AS session,
            t.notified
        FROM targets t LEFT JOIN events e ON e.id = t.event_id
        WHERE t.channel_id = ANY (@channels) AND t.enabled AND (t.event_id IS NULL OR e.state = 'live')
        ORDER BY t.id
        """;

    // Another server that has taken the session over writes its own states.
    private const string IsOwner =
        "NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = @session AND s.ended_at IS NULL AND s.owner <> @me)";

    private readonly ServerDatabase _database;
    private readonly SessionManager _sessionManager;
    private readonly ISessionVisibility _visibility;
    private readonly SecretProtector _secrets;
    private readonly ServerIdentity _identity;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITargetLegs? _legs;
    private readonly WorkLoop _loop;
    private readonly Dictionary<long, Report> _reports = [];
    private Dictionary<long, List<Row>> _targets = [];
    private int _isStale = 1;

    /// <summary>Creates the service; without <paramref name="legs"/> it does nothing.</summary>
    public TargetService(ServerDatabase database, SessionManager sessionManager, ISessionVisibility visibility, SecretProtector secrets,
        ServerIdentity identity, [FromKeyedServices(CalendarClock.Key)] TimeProvider time, ILogger<TargetService> logger,
        ITargetLegs? legs = null)
    {
        (_database, _sessionManager, _visibility, _secrets, _identity) = (database, sessionManager, visibility, secrets, identity);
        (_time, _logger, _legs, _loop) = (time, logger, legs, new WorkLoop(time));
    }

    /// <inheritdoc/>
    public bool Handles(DatabaseNotification notification) => notification.Table is "targets" or "events" or "sessions" or "channels";

    /// <inheritdoc/>
    public Task HandleAsync(NpgsqlConnection connection, IReadOnlyCollection<DatabaseNotification> notifications,
        CancellationToken cancellationToken) => ReloadAsync(connection, cancellationToken);

    /// <inheritdoc/>
    public Task ReloadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _isStale, 1);
        _loop.Wake();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _loop.Dispose();
        base.Dispose();
    }

    /// <summary>Applies the targets of all sessions once, and writes changed states.</summary>
    /// <returns>Time until the next pass, unless something changes.</returns>
    internal async Task<TimeSpan> RunOnceAsync(CancellationToken cancellationToken)
    {
        var sessions = _sessionManager.Sessions().Select(session => (Session: session, Channel: _sessionManager.FindChannelId(session.Id)))
            .Where(found => found.Channel is not null).ToDictionary(found => found.Channel!.Value, found => found.Session);
        var isLoaded = await TryLoadAsync([.. sessions.Keys], cancellationToken);
        var wanted = new Dictionary<SessionId, IReadOnlyList<TargetSettings>>();
        var reports = new List<(Row Target, SessionId Session, ChannelName Channel)>();
        foreach (var (channel, session) in sessions)
        {
            var isHidden = _visibility.Find(session.Channel, session.Id)?.IsHidden ?? session.BeginsHidden;
            var settings = new List<TargetSettings>();
            var upstream = _sessionManager.FindUpstream(session.Id);
            foreach (var target in isHidden ? [] : _targets.GetValueOrDefault(channel) ?? [])
            {
                if (target.Key is { } key)
                {
                    settings.Add(new(target.Id, session.Channel, target.Name, target.Url, key, target.Rendition)
                    {
                        Mode = TargetRules.ModeNames.Parse(target.Mode), Upstream = upstream,
                        WasLive = target.Session == session.Id.Value
                            && target.Notified is TargetNotifications.Live or TargetNotifications.Lost,
                    });
                }

                reports.Add((target, session.Id, session.Channel));
            }

            wanted[session.Id] = settings;
        }

        _legs!.Apply(wanted);
        if (!isLoaded)
        {
            return Retry;
        }

        await ReportOffAsync(reports.Select(report => report.Target.Id).ToHashSet(), cancellationToken);
        var next = Interval;
        foreach (var (target, session, channel) in reports)
        {
            var status = target.KeyError is null ? _legs.Find(session).GetValueOrDefault(target.Id)
                : new TargetStatus(TargetState.Rejected, target.KeyError, _time.GetUtcNow());
            if (status is null)
            {
                continue;
            }

            try
            {
                if (await ReportAsync(target, session, channel, status, cancellationToken) is { } due && due < next)
                {
                    next = due;
                }
            }
            catch (Exception error) when (error is not OperationCanceledException && !ServerDatabase.IsUnavailable(error))
            {
                // The other targets are reported.
                ControlLog.TargetsFailed(_logger, error);
                next = Retry;
            }
        }

        return next;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_legs is null)
        {
            return;   // another process serves the media
        }

        _sessionManager.Changed += _loop.Wake;
        _legs.Changed += _loop.Wake;
        try
        {
            await _loop.RunAsync(async cancellationToken =>
            {
                var next = await RunOnceAsync(cancellationToken);
                await Task.Delay(Pause, _time, cancellationToken);
                return next;
            }, Retry, error => ControlLog.TargetsFailed(_logger, error), stoppingToken);
        }
        finally
        {
            _sessionManager.Changed -= _loop.Wake;
            _legs.Changed -= _loop.Wake;
        }
    }

    /// <summary>Loads the targets of channels, if they may have changed.</summary>
    /// <returns><see langword="false"/> while the database is unavailable.</returns>
    private async Task<bool> TryLoadAsync(long[] channels, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isStale, 0) == 0 && channels.All(_targets.ContainsKey))
        {
            return true;
        }

        try
        {
            await using var connection = await _database.Source.OpenConnectionAsync(cancellationToken);
            var rows = channels.Length == 0 ? [] : await connection.QueryAsync<Row>(new CommandDefinition(Read, new { channels },
                cancellationToken: cancellationToken));
            var earlier = _targets.Values.SelectMany(known => known).ToDictionary(known => known.Id);
            var targets = rows.Select(row => Decrypt(row, earlier.GetValueOrDefault(row.Id))).GroupBy(row => row.ChannelId)
                .ToDictionary(group => group.Key, group => group.ToList());
            foreach (var channel in channels)
            {
                targets.TryAdd(channel, []);
            }

            _targets = targets;
            return true;
        }
        catch (Exception error)
        {
            Volatile.Write(ref _isStale, 1);
            if (error is OperationCanceledException || !ServerDatabase.IsUnavailable(error))
            {
                throw;
            }

            return false;
        }
    }

    /// <summary>
    /// Decrypts a stream key once. One that has not changed stays known, so that a problem of the key file ends no connection.
    /// </summary>
    private Row Decrypt(Row row, Row? earlier)
    {
        if (earlier?.Key is { } key && earlier.Url == row.Url && earlier.StreamKey.AsSpan().SequenceEqual(row.StreamKey))
        {
            return row with { Key = key };
        }

        try
        {
            return row with { Key = _secrets.Unprotect(row.StreamKey, row.Url) };
        }
        catch (OperationException error)
        {
            return row with { KeyError = error.Message };
        }
    }

    /// <summary>Writes the state of a target if it has changed, with the webhook event of the change.</summary>
    /// <returns>Time until its loss is due to be reported; <see langword="null"/> for none.</returns>
    private async Task<TimeSpan?> ReportAsync(Row target, SessionId session, ChannelName channel, TargetStatus status,
        CancellationToken cancellationToken)
    {
        if (!_reports.TryGetValue(target.Id, out var report) || report.Session != session)
        {
            _reports[target.Id] = report = new(session) { Notified = target.Session == session.Value ? target.Notified : null };
        }

        var isLive = status.State == TargetState.Live;
        report.NotLiveSince = isLive ? null : report.NotLiveSince ?? _time.GetTimestamp();
        var canBeLost = !isLive && report.Notified is null or TargetNotifications.Live;
        var threshold = report.Notified is null ? StartThreshold : LossThreshold;
        var remaining = canBeLost ? threshold - _time.GetElapsedTime(report.NotLiveSince!.Value) : TimeSpan.Zero;
        var notification = status.State switch
        {
            TargetState.Live => TargetNotifications.Live,
            TargetState.Rejected => TargetNotifications.Rejected,
            _ when canBeLost && remaining <= TimeSpan.Zero => TargetNotifications.Lost,
            _ => report.Notified,
        };
        var written = (status.State, status.Reason, status.NextAttempt);
        if (report.Written != written || report.Notified != notification)
        {
            var change = notification == report.Notified ? null : notification;
            if (await WriteAsync(target, session, channel, status, change, cancellationToken))
            {
                (report.Written, report.Notified) = (written, notification);
            }
        }

        return canBeLost && remaining > TimeSpan.Zero ? remaining : null;
    }

    /// <returns><see langword="false"/> if another server owns the session, or the target was deleted.</returns>
    private async Task<bool> WriteAsync(Row target, SessionId session, ChannelName channel, TargetStatus status, string? notification,
        CancellationToken cancellationToken)
    {
        await using var connection = await _database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var changed = await connection.ExecuteAsync(new CommandDefinition(
            $"""
            UPDATE targets SET session_id = @session, state = @state, reason = left(@reason, 500), state_since = @since,
                next_attempt_at = @next, notified = CASE WHEN @notification IS NOT NULL THEN @notification
                    WHEN session_id = @session THEN notified END
            WHERE id = @id AND {IsOwner}
            """,
            new
            {
                id = target.Id, session = session.Value, state = TargetRules.Name(status.State), reason = status.Reason,
                since = status.Since, next = status.NextAttempt, notification, me = _identity.Id,
            },
            transaction, cancellationToken: cancellationToken));
        if (changed > 0 && notification is not null)
        {
            await Outbox.AddAsync(connection, transaction, _time.GetUtcNow(), TargetNotifications.TypeOf(notification), channel.Value,
                new TargetData(session.Value, target.Name, status.Reason), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return changed > 0;
    }

    /// <summary>Writes that targets are off whose session has ended or became hidden, or that were disabled.</summary>
    private async Task ReportOffAsync(HashSet<long> current, CancellationToken cancellationToken)
    {
        foreach (var (id, report) in _reports.Where(report => !current.Contains(report.Key)).ToList())
        {
            await using var connection = await _database.Source.OpenConnectionAsync(cancellationToken);
            await connection.ExecuteAsync(new CommandDefinition(
                $"""
                UPDATE targets SET session_id = NULL, state = 'off', reason = NULL, state_since = @now, next_attempt_at = NULL,
                    notified = NULL
                WHERE id = @id AND session_id = @session AND {IsOwner}
                """,
                new { id, session = report.Session.Value, now = _time.GetUtcNow(), me = _identity.Id },
                cancellationToken: cancellationToken));
            _reports.Remove(id);
        }
    }

    private sealed record Row(long Id, long ChannelId, string Name, string Url, byte[] StreamKey, string Rendition, string Mode,
        string? Session,
        string? Notified)
    {
        /// <summary>Stream key. A secret.</summary>
        public string? Key { get; init; }

        /// <summary>Reason why this server cannot read the stream key.</summary>
        public string? KeyError { get; init; }
    }

    /// <summary>Last state of a target that was written.</summary>
    private sealed class Report(SessionId session)
    {
        public SessionId Session { get; } = session;

        public (TargetState, string?, DateTimeOffset?)? Written { get; set; }

        /// <summary>Last webhook event of the session: a name of <see cref="TargetNotifications"/>.</summary>
        public string? Notified { get; set; }

        /// <summary>Timestamp since which the target is not live.</summary>
        public long? NotLiveSince { get; set; }
    }
}

/// <summary>Names in the database of the last webhook event of a target.</summary>
internal static class TargetNotifications
{
    public const string Live = "live";
    public const string Lost = "lost";
    public const string Rejected = "rejected";

    /// <summary>Gets the type of the webhook event.</summary>
    public static string TypeOf(string notification) => notification switch
    {
        Live => WebhookEventTypes.TargetLive,
        Lost => WebhookEventTypes.TargetLost,
        _ => WebhookEventTypes.TargetRejected,
    };
}
