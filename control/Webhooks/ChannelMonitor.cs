using Broadcast.Control.Channels;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control.Webhooks;

/// <summary>
/// Monitors channels in use once a second and adds webhook events for lost inputs, restored inputs and health issues. The session's row
/// records whether a loss was reported and is written with the event. Each loss and return is therefore reported once, by any number of
/// processes, across restarts and database outages. A health issue is reported once for as long as it lasts, which the database records
/// too. Durations are steady: steps of the system clock change only the times that are reported.
/// </summary>
/// <param name="database">Database with sessions, issues and events.</param>
/// <param name="sessionManager">Open sessions.</param>
/// <param name="time">Clock of the reported times.</param>
/// <param name="mediaTime">Clock of the media, by which <paramref name="health"/> states since when an issue lasts.</param>
/// <param name="logger">Logger.</param>
/// <param name="states">States of channels; <see langword="null"/> when another process serves the media.</param>
/// <param name="health">Health of sources; likewise.</param>
internal sealed class ChannelMonitor(
    ServerDatabase database, SessionManager sessionManager,
    [FromKeyedServices(CalendarClock.Key)] TimeProvider time, TimeProvider mediaTime, ILogger<ChannelMonitor> logger,
    IChannelRuntimeStates? states = null, ISourceHealth? health = null) : BackgroundService
{
    /// <summary>Time after which a lost input is reported.</summary>
    public static readonly TimeSpan LossThreshold = TimeSpan.FromSeconds(2);

    /// <summary>Time after which a health issue is reported.</summary>
    public static readonly TimeSpan IssueThreshold = TimeSpan.FromSeconds(10);

    /// <summary>Time without a health issue after which it is reported anew.</summary>
    public static readonly TimeSpan IssueClearedAfter = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // Interval for refreshing persistent issues in the database, and their retention.
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan IssueRetention = TimeSpan.FromDays(1);
    private readonly Dictionary<SessionId, MonitoredSession> _inputs = [];
    private readonly Dictionary<(SessionId Session, string Code), KnownIssue> _issues = [];

    /// <summary>Checks all open sessions once.</summary>
    internal async Task CheckAsync(CancellationToken cancellationToken)
    {
        var open = sessionManager.OpenSessions();
        var ids = open.Select(s => s.Session).ToHashSet();
        foreach (var closed in _inputs.Keys.Where(id => !ids.Contains(id)).ToList())
        {
            _inputs.Remove(closed);
        }

        var now = time.GetUtcNow();
        foreach (var cleared in _issues.Where(i => time.GetElapsedTime(i.Value.Seen) >= IssueClearedAfter).Select(i => i.Key).ToList())
        {
            _issues.Remove(cleared);
        }

        foreach (var (channel, session) in open)
        {
            await CheckInputAsync(channel, session, now, cancellationToken);
            await CheckHealthAsync(channel, now, cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (states is null && health is null)
        {
            return;   // another process serves the media
        }

        using var timer = new PeriodicTimer(Interval, time);
        while (await WaitAsync(timer, stoppingToken))
        {
            try
            {
                await CheckAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (ServerDatabase.IsUnavailable(e))
            {
                // Unwritten reports are not marked as sent, so the next pass writes them.
            }
            catch (Exception e)
            {
                ControlLog.ChannelMonitorFailed(logger, e);
            }
        }
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task CheckInputAsync(ChannelName channel, SessionId session, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (states?.Find(channel) is not { State: ChannelRunState.Waiting or ChannelRunState.Live } state || state.Session != session)
        {
            return;
        }

        if (!_inputs.TryGetValue(session, out var monitored))
        {
            _inputs.Add(session, monitored = new());
        }

        var isLost = state.State == ChannelRunState.Waiting;
        if (isLost)
        {
            monitored.Loss ??= new(now, time.GetTimestamp());
        }

        var isDue = !isLost || time.GetElapsedTime(monitored.Loss!.Timestamp) >= LossThreshold;
        if (monitored.IsLost != isLost && isDue
            && await ReportInputAsync(channel, session, isLost, monitored.Loss, now, cancellationToken))
        {
            monitored.IsLost = isLost;
        }

        monitored.Loss = isLost || monitored.IsLost == true ? monitored.Loss : null;
    }

    /// <summary>Records whether an input is lost and adds the webhook event if that changed.</summary>
    /// <returns><see langword="false"/> when the session is not in the database yet.</returns>
    private async Task<bool> ReportInputAsync(ChannelName channel, SessionId session, bool isLost, InputLoss? loss, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            "SELECT input_lost_at AS lostAt, ended_at AS endedAt FROM sessions WHERE id = @id FOR NO KEY UPDATE",
            new { id = session.Value }, transaction, cancellationToken: cancellationToken));
        if (row is null || row.EndedAt is not null || (row.LostAt is not null) == isLost)
        {
            return row is not null;
        }

        var lostSince = isLost ? loss?.At : null;
        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE sessions SET input_lost_at = @lostSince WHERE id = @id", new { id = session.Value, lostSince }, transaction,
            cancellationToken: cancellationToken));
        var data = row.LostAt is { } since
            ? new InputData(session.Value, since, Math.Round(DurationOf(since, loss, now).TotalSeconds, 1))
            : new InputData(session.Value, lostSince!.Value, null);
        await Outbox.AddAsync(connection, transaction, now,
            isLost ? WebhookEventTypes.InputLost : WebhookEventTypes.InputRestored, channel.Value, data, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    // Only the process that reported a loss has a steady timestamp of its beginning. The database stores times in microseconds.
    private TimeSpan DurationOf(DateTimeOffset lostSince, InputLoss? loss, DateTimeOffset now) =>
        loss is not null && (loss.At - lostSince).Duration() < TimeSpan.FromMilliseconds(1) ? time.GetElapsedTime(loss.Timestamp)
        : now > lostSince ? now - lostSince : TimeSpan.Zero;

    private async Task CheckHealthAsync(ChannelName channel, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var mediaNow = mediaTime.GetUtcNow();
        foreach (var report in health?.Find(channel) ?? [])
        {
            foreach (var issue in report.Issues.Where(f => f.Severity >= IssueSeverity.Warning && mediaNow - f.Since >= IssueThreshold))
            {
                var issueKey = (report.Session, issue.Code);
                var written = _issues.TryGetValue(issueKey, out var known) ? known.Written
                    : await ReportIssueAsync(channel, report, issue, now, cancellationToken) ? time.GetTimestamp() : default(long?);
                if (written is null || time.GetElapsedTime(written.Value) >= RefreshInterval)
                {
                    await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
                    await connection.ExecuteAsync(new CommandDefinition(
                        "UPDATE health_issues SET seen_at = @now WHERE session_id = @session AND code = @code",
                        new { now, session = report.Session.Value, code = issue.Code },
                        cancellationToken: cancellationToken));
                    written = time.GetTimestamp();
                }

                _issues[issueKey] = new(time.GetTimestamp(), written.Value);
            }
        }
    }

    /// <summary>Records a health issue and adds its webhook event, unless another process did and the issue has persisted since.</summary>
    /// <returns>Whether the issue was recorded now.</returns>
    private async Task<bool> ReportIssueAsync(ChannelName channel, SourceReport report, SourceIssue issue, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM health_issues WHERE seen_at < @old",
            new { old = now - IssueRetention }, transaction, cancellationToken: cancellationToken));
        var isNew = await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO health_issues AS h (session_id, code, seen_at) VALUES (@session, @code, @now)
            ON CONFLICT (session_id, code) DO UPDATE SET seen_at = excluded.seen_at WHERE h.seen_at <= @before OR h.seen_at > @after
            """,
            new
            {
                session = report.Session.Value, code = issue.Code, now, before = now - IssueClearedAfter, after = now + IssueClearedAfter,
            },
            transaction,
            cancellationToken: cancellationToken)) == 1;
        if (isNew)
        {
            var severity = issue.Severity == IssueSeverity.Error ? "error" : "warning";
            await Outbox.AddAsync(
                connection, transaction, now, WebhookEventTypes.HealthIssue, channel.Value,
                new HealthIssueData(report.Session.Value, report.Publication, issue.Code, severity, issue.Advice, issue.Since),
                cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return isNew;
    }

    private sealed record Row(DateTimeOffset? LostAt, DateTimeOffset? EndedAt);

    /// <summary>Known health issue.</summary>
    /// <param name="Seen">Timestamp at which it was last detected.</param>
    /// <param name="Written">Timestamp at which it was last written to the database.</param>
    private readonly record struct KnownIssue(long Seen, long Written);

    /// <summary>Beginning of a loss of input, as this process observed it.</summary>
    /// <param name="At">Time of day.</param>
    /// <param name="Timestamp">Steady timestamp.</param>
    private sealed record InputLoss(DateTimeOffset At, long Timestamp);

    /// <summary>Input state of a session.</summary>
    private sealed class MonitoredSession
    {
        /// <summary>Current loss, or the one whose end is not reported yet.</summary>
        public InputLoss? Loss { get; set; }

        /// <summary>Last reported state; <see langword="null"/> before this process wrote one.</summary>
        public bool? IsLost { get; set; }
    }
}
