using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>
/// Delivers what waits in the outbox. Each webhook is told one thing after the other; webhooks do not wait for each other, <see cref="ControlOptions.WebhooksAtOnce"/> of them at a time in one
/// process. What was sent is told again when nobody could write down that it was: at least once, under the same id.
/// </summary>
internal sealed class HookCourier(HookQueue queue, HookSender sender, HookLog log, IOptions<ControlOptions> options, TimeProvider time, ILogger<HookCourier> logger) : BackgroundService
{
    /// <summary>Most that one webhook is told before it is another one's turn.</summary>
    public const int MaxOfTurn = 20;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Tidying = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(3);
    private readonly WorkLoop _loop = new(time);
    private readonly HashSet<Task> _turns = [];
    private readonly CancellationTokenSource _stop = new();
    private long? _tidied;

    /// <summary>Whether a notice on <c>broadcast_control</c> says that something is to be told.</summary>
    public static bool IsAbout(string notice) => notice.StartsWith("webhook_deliveries:", StringComparison.Ordinal);

    /// <summary>Something is to be told: look now.</summary>
    public void Wake() => _loop.Wake();

    /// <summary>Delivers all that is due, one round of turns after the other, until nothing is.</summary>
    internal async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (await queue.ClaimAsync(options.Value.WebhooksAtOnce, cancellationToken) is { Count: > 0 } turns)
        {
            await Task.WhenAll(turns.Select(turn => TakeAsync(turn, cancellationToken)));
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _stop.Dispose();
        _loop.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _loop.RunAsync(RoundAsync, Longest, e => ControlLog.HooksFailed(logger, e), stoppingToken);

        // What is under way may still arrive and be written down; then it need not be told again.
        await Task.WhenAll(_turns).WaitAsync(LastWords, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stop.CancelAsync();
        await Task.WhenAll(_turns).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <returns>How long to wait for the next round.</returns>
    private async Task<TimeSpan> RoundAsync(CancellationToken stoppingToken)
    {
        _turns.RemoveWhere(t => t.IsCompleted);
        var free = options.Value.WebhooksAtOnce - _turns.Count;
        if (free > 0)
        {
            foreach (var turn in await queue.ClaimAsync(free, stoppingToken))
            {
                _turns.Add(Task.Run(() => TurnAsync(turn), CancellationToken.None));
            }
        }

        if (_tidied is null || time.GetElapsedTime(_tidied.Value) >= Tidying)
        {
            await log.TidyAsync(stoppingToken);
            _tidied = time.GetTimestamp();
        }

        if (await queue.NextDueAsync(stoppingToken) is not { } next)
        {
            return Longest;
        }

        // What is due already waits for a turn that is under way, here or elsewhere.
        var until = next - time.GetUtcNow();
        return until < Shortest ? Shortest : until < Longest ? until : Longest;
    }

    private async Task TurnAsync(HookTurn turn)
    {
        try
        {
            await TakeAsync(turn, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Told again when the lease is over.
        }
        catch (Exception e)
        {
            ControlLog.HookTurnFailed(logger, turn.Target.Id, Database.IsAway(e) ? Database.Describe(e) : e.ToString());
        }
        finally
        {
            Wake();
        }
    }

    private async Task TakeAsync(HookTurn turn, CancellationToken cancellationToken)
    {
        for (var told = 0; told < MaxOfTurn && await queue.NextAsync(turn, cancellationToken) is { } due; told++)
        {
            var outcome = await sender.SendAsync(turn.Target, due.EventId, due.Body, cancellationToken);
            var noted = await queue.NoteAsync(turn, due, outcome, cancellationToken);
            if (noted.DisabledReason is { } reason)
            {
                ControlLog.HookDisabled(logger, turn.Target.Id, reason);
            }
            else if (noted.IsGivenUp)
            {
                ControlLog.DeliveryGivenUp(logger, due.EventId, turn.Target.Id, due.Attempts + 1, outcome.Fault ?? "");
            }
            else if (!outcome.IsDelivered)
            {
                ControlLog.DeliveryFailed(logger, due.EventId, turn.Target.Id, due.Attempts + 1, outcome.Fault ?? "");
            }

            if (!outcome.IsDelivered)
            {
                break;   // others first; a receiver that is away is not asked for everything that waits
            }
        }

        await queue.ReleaseAsync(turn, cancellationToken);
    }
}
