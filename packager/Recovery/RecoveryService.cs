using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Packager.Sessions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Packager.Recovery;

/// <summary>
/// Recovers the sessions of earlier processes from the spool and the object store, at startup and before publishing. Recovers the newest
/// playable session of each channel, and newer ones that are not playable yet. Older ones are deleted in the background unless recorded. An
/// unavailable store is retried in the background, too.
/// </summary>
internal sealed class RecoveryService(
    ISpool spool, IObjectStore store, PackagingStage stage, IOptions<PackagerOptions> options, TimeProvider time, DeferredWork deferred,
    ILogger<RecoveryService> logger)
    : BackgroundService
{
    /// <summary>Timeout for a listing or a session's journal in the background.</summary>
    private static readonly TimeSpan BackgroundTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Maximum delay between attempts on sessions that fail again and again.</summary>
    private static readonly TimeSpan MaxRetryInterval = TimeSpan.FromMinutes(10);

    /// <summary>Maximum number of times that the delay between attempts doubles.</summary>
    private const int MaxDoublings = 10;

    /// <summary>Number of sessions that may fail before the other attempts are postponed.</summary>
    private const int MaxRetireFailures = 3;

    private readonly SessionRecovery _recovery = new(spool, store, stage, time, deferred, logger);
    private readonly ConcurrentDictionary<SessionId, byte> _failed = new();
    private readonly ConcurrentDictionary<SessionId, JournaledSession> _superseded = new();
    private readonly Dictionary<SessionId, int> _retireFailures = [];
    private bool _hasLogged;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!await TryStoreAsync(options.Value.StoreTimeout, cancellationToken))
        {
            var catalog = new JournalCatalog();
            AddSpool(catalog);
            await RecoverAsync(catalog, options.Value.StoreTimeout, cancellationToken);
        }

        stage.CompleteRecovery();
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failedPasses = 0;
        while (!await TryRetireAsync(stoppingToken) || !stage.IsStoreKnown)
        {
            // A single session may fail permanently, so the attempts become rare.
            var delay = options.Value.RetryInterval * (1 << Math.Min(failedPasses, MaxDoublings));
            await Task.Delay(delay < MaxRetryInterval || !stage.IsStoreKnown ? delay : MaxRetryInterval, time, stoppingToken);
            failedPasses = stage.IsStoreKnown ? failedPasses + 1 : 0;
            if (!stage.IsStoreKnown && await TryStoreAsync(BackgroundTimeout, stoppingToken))
            {
                PackagerLog.StoreReachable(logger);
            }
        }
    }

    /// <summary>
    /// Retires superseded sessions. Each requires reading a journal, and there may be many. A session that fails does not delay the others:
    /// those that have failed least often come first. After several failures the store is assumed to be unavailable.
    /// </summary>
    /// <returns>Whether all are done.</returns>
    private async Task<bool> TryRetireAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        foreach (var session in _superseded.Values.OrderBy(session => _retireFailures.GetValueOrDefault(session.Id))
            .ThenByDescending(session => session.Id).ToList())
        {
            using var timeoutSource = new CancellationTokenSource(BackgroundTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeoutSource.Token, cancellationToken);
            try
            {
                await _recovery.RetireAsync(session, either.Token);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                if (_failed.TryAdd(session.Id, 0))
                {
                    PackagerLog.RecoveryFailed(logger, session.Id.Value, session.Channel.Value, failure.Message);
                }

                if (failure is IOException or OperationCanceledException)
                {
                    _retireFailures[session.Id] = _retireFailures.GetValueOrDefault(session.Id) + 1;
                    if (++failures == MaxRetireFailures)
                    {
                        return false;
                    }

                    continue;
                }
            }

            _retireFailures.Remove(session.Id);
            _superseded.TryRemove(session.Id, out _);
        }

        return _superseded.IsEmpty;
    }

    /// <summary>Recovers from the spool and the object store.</summary>
    /// <returns>Whether the store answered in time.</returns>
    private async Task<bool> TryStoreAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var timeoutSource = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeoutSource.Token, cancellationToken);
        var catalog = new JournalCatalog();
        try
        {
            AddSpool(catalog);
            await foreach (var found in store.ListAsync(ObjectNames.JournalRoot, either.Token).WithCancellation(either.Token))
            {
                catalog.Add(found.Name);
            }
        }
        catch (Exception failure) when (failure is IOException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            if (!_hasLogged)
            {
                _hasLogged = true;
                PackagerLog.StoreUnreachable(logger, failure is IOException ? failure.Message
                    : $"No answer within {timeout.TotalSeconds:0.#} s.");
            }

            return false;
        }

        stage.IsStoreKnown = await RecoverAsync(catalog, timeout, cancellationToken);
        return stage.IsStoreKnown;
    }

    private void AddSpool(JournalCatalog catalog)
    {
        foreach (var found in spool.List(ObjectNames.JournalRoot))
        {
            catalog.Add(found.Name);
        }
    }

    /// <returns>Whether no session was skipped because of a store failure.</returns>
    private async Task<bool> RecoverAsync(JournalCatalog catalog, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var complete = 1;
        await Parallel.ForEachAsync(catalog.Channels,
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken }, async (channel, token) =>
        {
            foreach (var session in channel)
            {
                if (stage.IsKnown(session.Id))
                {
                    continue;
                }

                if (stage.IsSuperseded(session.Channel, session.Id))
                {
                    _superseded[session.Id] = session;
                }
                else if (!await TryRecoverAsync(session, timeout, token))
                {
                    Interlocked.Exchange(ref complete, 0);
                }
            }
        });
        return complete == 1;
    }

    /// <returns>Whether another attempt is pointless.</returns>
    private async Task<bool> TryRecoverAsync(JournaledSession session, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var timeoutSource = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeoutSource.Token, cancellationToken);
        try
        {
            await _recovery.RecoverAsync(session, either.Token);
            return true;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // A session that cannot be recovered must not prevent the recovery of others or the server's start.
            if (_failed.TryAdd(session.Id, 0))
            {
                PackagerLog.RecoveryFailed(logger, session.Id.Value, session.Channel.Value, failure.Message);
            }

            return failure is not (IOException or OperationCanceledException);
        }
    }
}
