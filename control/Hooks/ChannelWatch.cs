using Broadcast.Media;
using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

/// <summary>
/// Looks once a second at the channels in use, and puts into the outbox what only a look can tell: that viewers of a session get nothing of an encoder any more, that they do again, and what is wrong
/// with what encoders send. Whether a loss was told stands in the session's row, written with the event: each loss and return is told once, by however many processes, across restarts, and after the
/// database was away. A health issue is told once for as long as it lasts, which stands in the database, too.
/// </summary>
internal sealed class ChannelWatch(
    Database database, SessionBook book, TimeProvider time, ILogger<ChannelWatch> logger, IChannelStates? states = null, ISourceHealth? health = null) : BackgroundService
{
    /// <summary>How long an input must be lost before it is told.</summary>
    public static readonly TimeSpan LostFor = TimeSpan.FromSeconds(2);

    /// <summary>How long something must be wrong before it is told.</summary>
    public static readonly TimeSpan WrongFor = TimeSpan.FromSeconds(10);

    /// <summary>How long something must have been well before it is told anew that it is wrong.</summary>
    public static readonly TimeSpan WellFor = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    // How often it is written down that something is still wrong, and how long that is kept.
    private static readonly TimeSpan NotedEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan NotedFor = TimeSpan.FromDays(1);
    private readonly Dictionary<SessionId, Watched> _inputs = [];
    private readonly Dictionary<(SessionId Session, string Code), Noted> _issues = [];

    /// <summary>One look.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        var open = book.OpenSessions();
        var ids = open.Select(s => s.Session).ToHashSet();
        foreach (var gone in _inputs.Keys.Where(id => !ids.Contains(id)).ToList())
        {
            _inputs.Remove(gone);
        }

        var now = time.GetUtcNow();
        foreach (var forgotten in _issues.Where(i => now - i.Value.Seen >= WellFor).Select(i => i.Key).ToList())
        {
            _issues.Remove(forgotten);
        }

        foreach (var (channel, session) in open)
        {
            await LookAtInputAsync(channel, session, now, cancellationToken);
            await LookAtHealthAsync(channel, now, cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (states is null && health is null)
        {
            return;   // another process has the media
        }

        using var timer = new PeriodicTimer(Look, time);
        while (await WaitAsync(timer, stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (Database.IsAway(e))
            {
                // What was not written is not remembered as told, and the next look writes it.
            }
            catch (Exception e)
            {
                ControlLog.WatchFailed(logger, e);
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

    private async Task LookAtInputAsync(ChannelName channel, SessionId session, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (states?.Find(channel) is not { State: "waiting" or "live" } state || state.Session != session)
        {
            return;
        }

        if (!_inputs.TryGetValue(session, out var watched))
        {
            _inputs.Add(session, watched = new());
        }

        var isLost = state.State == "waiting";
        watched.LostSince = isLost ? watched.LostSince ?? now : null;
        if (watched.IsLost != isLost && !(now - watched.LostSince < LostFor) && await TellInputAsync(channel, session, watched.LostSince, now, cancellationToken))
        {
            watched.IsLost = isLost;
        }
    }

    /// <summary>Writes down that an input is lost, or is not, and has it told if that was not so before.</summary>
    /// <returns><see langword="false"/> when the session itself is not written down yet.</returns>
    private async Task<bool> TellInputAsync(ChannelName channel, SessionId session, DateTimeOffset? lostSince, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            "SELECT input_lost_at AS lostAt, ended_at AS endedAt FROM sessions WHERE id = @id FOR NO KEY UPDATE", new { id = session.Value }, transaction, cancellationToken: cancellationToken));
        if (row is null || row.EndedAt is not null || (row.LostAt is null) == (lostSince is null))
        {
            return row is not null;
        }

        await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE sessions SET input_lost_at = @lostSince WHERE id = @id", new { id = session.Value, lostSince }, transaction, cancellationToken: cancellationToken));
        var data = row.LostAt is { } since ? new InputData(session.Value, since, Math.Round((now - since).TotalSeconds, 1)) : new InputData(session.Value, lostSince!.Value, null);
        await Outbox.AddAsync(connection, transaction, now, lostSince is null ? HookTypes.InputBack : HookTypes.InputLost, channel.Value, data, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private async Task LookAtHealthAsync(ChannelName channel, DateTimeOffset now, CancellationToken cancellationToken)
    {
        foreach (var report in health?.Find(channel) ?? [])
        {
            foreach (var finding in report.Findings.Where(f => f.Severity >= FindingSeverity.Warning && now - f.Since >= WrongFor))
            {
                var issue = (report.Session, finding.Code);
                var written = _issues.TryGetValue(issue, out var noted) ? noted.Written : await TellIssueAsync(channel, report, finding, now, cancellationToken);
                if (now - written >= NotedEvery)
                {
                    await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
                    await connection.ExecuteAsync(new CommandDefinition(
                        "UPDATE health_issues SET seen_at = @now WHERE session_id = @session AND code = @code", new { now, session = report.Session.Value, code = finding.Code },
                        cancellationToken: cancellationToken));
                    written = now;
                }

                _issues[issue] = new(now, written);
            }
        }
    }

    /// <summary>Writes down that something is wrong, and has it told, unless a process before this one did and it has not been well since.</summary>
    /// <returns>When it was written down; long ago where it was not now.</returns>
    private async Task<DateTimeOffset> TellIssueAsync(ChannelName channel, SourceReport report, SourceFinding finding, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM health_issues WHERE seen_at < @old", new { old = now - NotedFor }, transaction, cancellationToken: cancellationToken));
        var isNew = await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO health_issues AS h (session_id, code, seen_at) VALUES (@session, @code, @now)
            ON CONFLICT (session_id, code) DO UPDATE SET seen_at = excluded.seen_at WHERE h.seen_at <= @before
            """,
            new { session = report.Session.Value, code = finding.Code, now, before = now - WellFor }, transaction, cancellationToken: cancellationToken)) == 1;
        if (isNew)
        {
            var severity = finding.Severity == FindingSeverity.Error ? "error" : "warning";
            await Outbox.AddAsync(
                connection, transaction, now, HookTypes.HealthIssue, channel.Value,
                new HealthIssueData(report.Session.Value, report.Publication, finding.Code, severity, finding.Advice, finding.Since), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return isNew ? now : DateTimeOffset.MinValue;
    }

    private sealed record Row(DateTimeOffset? LostAt, DateTimeOffset? EndedAt);

    /// <summary>Something wrong that is known.</summary>
    /// <param name="Seen">When it was so last.</param>
    /// <param name="Written">When that was last written down.</param>
    private readonly record struct Noted(DateTimeOffset Seen, DateTimeOffset Written);

    /// <summary>What is known of a session's input.</summary>
    private sealed class Watched
    {
        public DateTimeOffset? LostSince { get; set; }

        /// <summary>What receivers were told; <see langword="null"/> before anything was written by this process.</summary>
        public bool? IsLost { get; set; }
    }
}
