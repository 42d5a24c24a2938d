using System.Collections.Concurrent;
using Broadcast.Media;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Packager;

/// <summary>
/// At the start, before anything publishes: finds the sessions that earlier processes left in spool and store, and takes them in. Of each channel the newest that can
/// be played stays, and newer ones that cannot be played yet; older ones go in the background, unless they are recorded. A store that does not answer is asked again there, too.
/// </summary>
internal sealed class RecoveryService(
    ISpool spool, IObjectStore store, PackagingStage stage, IOptions<PackagerOptions> options, TimeProvider time, DeferredWork deferred, ILogger<RecoveryService> logger)
    : BackgroundService
{
    /// <summary>How long a listing, or a session's journal, may take where nobody waits for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SessionRecovery _recovery = new(spool, store, stage, time, deferred, logger);
    private readonly ConcurrentDictionary<SessionId, byte> _failed = new();
    private readonly ConcurrentDictionary<SessionId, JournaledSession> _superseded = new();
    private bool _told;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!await TryStoreAsync(options.Value.StoreTimeout, cancellationToken))
        {
            var catalog = new JournalCatalog();
            AddSpool(catalog);
            await RecoverAsync(catalog, options.Value.StoreTimeout, cancellationToken);
        }

        stage.Recovered();
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stage.KnowsStore || !await TryRetireAsync(stoppingToken))
        {
            await Task.Delay(options.Value.RetryInterval, time, stoppingToken);
            if (!stage.KnowsStore && await TryStoreAsync(Patience, stoppingToken))
            {
                Log.StoreReachable(logger);
            }
        }
    }

    /// <summary>Settles what is superseded: each of those journals has to be read, and there may be many.</summary>
    /// <returns>Whether nothing is left; otherwise the store failed.</returns>
    private async Task<bool> TryRetireAsync(CancellationToken cancellationToken)
    {
        foreach (var session in _superseded.Values)
        {
            using var patience = new CancellationTokenSource(Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            try
            {
                await _recovery.RetireAsync(session, either.Token);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                if (failure is IOException or OperationCanceledException)
                {
                    return false;
                }

                Log.RecoveryFailed(logger, session.Id.Value, session.Channel.Value, failure.Message);
            }

            _superseded.TryRemove(session.Id, out _);
        }

        return true;
    }

    /// <summary>Recovers with all that spool and store know.</summary>
    /// <returns>Whether the store answered, in time.</returns>
    private async Task<bool> TryStoreAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var catalog = new JournalCatalog();
        try
        {
            AddSpool(catalog);
            await foreach (var found in store.ListAsync(JournalCatalog.Folder, either.Token).WithCancellation(either.Token))
            {
                catalog.Add(found.Name);
            }
        }
        catch (Exception failure) when (failure is IOException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            if (!_told)
            {
                _told = true;
                Log.StoreUnreachable(logger, failure is IOException ? failure.Message : $"No answer within {timeout.TotalSeconds:0.#} s.");
            }

            return false;
        }

        stage.KnowsStore = await RecoverAsync(catalog, timeout, cancellationToken);
        return stage.KnowsStore;
    }

    private void AddSpool(JournalCatalog catalog)
    {
        foreach (var found in spool.List(JournalCatalog.Folder))
        {
            catalog.Add(found.Name);
        }
    }

    /// <returns>Whether nothing was left out because the store failed.</returns>
    private async Task<bool> RecoverAsync(JournalCatalog catalog, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var complete = 1;
        await Parallel.ForEachAsync(catalog.Channels, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken }, async (channel, token) =>
        {
            foreach (var session in channel)
            {
                if (stage.Knows(session.Id))
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

    /// <returns>Whether nothing is to be gained by trying again.</returns>
    private async Task<bool> TryRecoverAsync(JournaledSession session, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await _recovery.RecoverAsync(session, either.Token);
            return true;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // One session that cannot be recovered must not keep the others, or the server, from starting.
            if (_failed.TryAdd(session.Id, 0))
            {
                Log.RecoveryFailed(logger, session.Id.Value, session.Channel.Value, failure.Message);
            }

            return failure is not (IOException or OperationCanceledException);
        }
    }
}
