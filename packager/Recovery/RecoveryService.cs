using System.Collections.Concurrent;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToControl;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Packager.Sessions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Packager.Recovery;

/// <summary>
/// Recovers the sessions of earlier processes from the spool and the object store. Recovers the newest playable session of each channel,
/// and newer ones that are not playable yet. Older ones are deleted in the background unless recorded. An unavailable store is retried in
/// the background, too.
/// <para>
/// Channels with files in the spool are recovered before the server starts, and so are all others if that takes less than
/// <see cref="StartWait"/>. Otherwise they are recovered in the background, and a channel with an encoder, a viewer or a decision about a
/// session first. The duration of a start therefore does not depend on the number of recordings outside the spool. Unless the store does
/// not respond, no channel is used before its sessions are known.
/// </para>
/// </summary>
internal sealed class RecoveryService : BackgroundService, IChannelRecovery, IStoredSessions
{
    /// <summary>Timeout for a page of a listing or a session's journal in the background.</summary>
    private static readonly TimeSpan BackgroundTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Time that the start waits for the recovery of all channels.</summary>
    private static readonly TimeSpan StartWait = TimeSpan.FromSeconds(1);

    /// <summary>Maximum delay between attempts on sessions that fail again and again.</summary>
    private static readonly TimeSpan MaxRetryInterval = TimeSpan.FromMinutes(10);

    /// <summary>Maximum number of times that the delay between attempts doubles.</summary>
    private const int MaxDoublings = 10;

    /// <summary>Number of sessions that may fail before the other attempts are postponed.</summary>
    private const int MaxRetireFailures = 3;

    /// <summary>Maximum number of channels that are recovered at once.</summary>
    private const int MaxConcurrent = 16;

    /// <summary>Number of those that only encoders can use.</summary>
    private const int ReservedForEncoders = 4;

    /// <summary>Maximum number of channels that the background pass recovers at once.</summary>
    private const int MaxConcurrentInBackground = 8;

    private readonly ISpool _spool;
    private readonly IObjectStore _store;
    private readonly PackagingStage _stage;
    private readonly PackagerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SettledSessions _settled;
    private readonly SessionRecovery _recovery;
    private readonly CancellationTokenSource _stopping = new();
    private readonly RecoverySlots _slots = new(MaxConcurrent, ReservedForEncoders);
    private readonly SemaphoreSlim _ownedLock = new(1);
    private readonly ConcurrentDictionary<ChannelName, Lazy<Task<bool>>> _channels = new();
    private readonly ConcurrentDictionary<SessionId, byte> _failed = new();
    private readonly ConcurrentDictionary<SessionId, JournaledSession> _superseded = new();
    private readonly Dictionary<SessionId, int> _retireFailures = [];
    private readonly ConcurrentDictionary<ChannelName, byte> _incomplete = new();
    private readonly TaskCompletionSource _retired = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _firstPass = Task.CompletedTask;
    private volatile JournalCatalog? _catalog;
    private volatile bool _isComplete;
    private volatile bool _isListed;
    private volatile bool _isFirstPassDone;
    private bool _hasLogged;
    private bool _isDisposed;

    public RecoveryService(ISpool spool, IObjectStore store, PackagingStage stage, IOptions<PackagerOptions> options, TimeProvider time,
        DeferredWork deferred, SettledSessions settled, ILogger<RecoveryService> logger)
    {
        (_spool, _store, _stage, _options, _time, _settled, _logger) = (spool, store, stage, options.Value, time, settled, logger);
        _recovery = new SessionRecovery(spool, store, stage, time, deferred, settled, logger);
    }

    /// <summary>
    /// Timeout for a page of a listing or a session's journal: shorter during the first pass, because encoders and viewers wait for it.
    /// </summary>
    private TimeSpan RequestTimeout => _isFirstPassDone ? BackgroundTimeout : _options.StoreTimeout;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        using var started = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _firstPass = Task.Run(() => RunFirstPassAsync(_stopping.Token), CancellationToken.None);
        using (var limit = new CancellationTokenSource(_options.StoreTimeout, _time))
        {
            var spooled = new JournalCatalog();
            AddSpool(spooled);
            await Parallel.ForEachAsync(spooled.Channels,
                new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrent, CancellationToken = cancellationToken },
                async (channel, token) => await RecoverAsync(channel, isForEncoder: true, limit.Token).WaitAsync(token));
        }

        await Task.WhenAny(_firstPass, Task.Delay(StartWait, _time, started.Token));
        await started.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();

        // After the first pass, an encoder does not wait for a store that failed.
        _stage.CompleteRecovery(channel => _isFirstPassDone ? Task.CompletedTask
            : RecoverAsync(channel, isForEncoder: true, CancellationToken.None), RecoverOwnedAsync, this);
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _firstPass.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _stopping.Cancel();
            _stopping.Dispose();
            base.Dispose();
        }
    }

    /// <summary>Completes when no superseded session is left. For tests.</summary>
    internal Task WhenRetiredAsync() => _retired.Task;

    /// <inheritdoc/>
    public bool IsPending(ChannelName channel)
    {
        if (_isFirstPassDone)
        {
            return false;
        }

        if (_catalog is not { } catalog)
        {
            return true;
        }

        // Only channels of the catalog: a viewer may request any name.
        return catalog.Contains(channel) && !RecoverAsync(channel, isForEncoder: false, CancellationToken.None).IsCompleted;
    }

    /// <inheritdoc/>
    public async Task<bool> ContainsAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) =>
        await FindStoredAsync(channel, session, cancellationToken) is not null;

    /// <inheritdoc/>
    public async Task RecoverAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        _superseded.TryRemove(session, out _);
        if (await FindStoredAsync(channel, session, cancellationToken) is { } found)
        {
            await _recovery.RecoverAsync(found, cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _firstPass.WaitAsync(stoppingToken);
        var failedPasses = 0;
        while (!await TryRetireAsync(stoppingToken) || !_stage.IsStoreKnown)
        {
            // A single session may fail permanently, so the attempts become rare. Only a store that does not respond is tried often.
            var delay = _options.RetryInterval * (1 << Math.Min(failedPasses, MaxDoublings));
            await Task.Delay(delay < MaxRetryInterval ? delay : MaxRetryInterval, _time, stoppingToken);
            failedPasses = _stage.IsStoreKnown || _isListed ? failedPasses + 1 : 0;
            if (!_stage.IsStoreKnown && await TryStoreAsync(stoppingToken))
            {
                PackagerLog.StoreReachable(_logger);
            }
        }

        _retired.TrySetResult();
    }

    /// <summary>Recovers all channels for the first time.</summary>
    private async Task RunFirstPassAsync(CancellationToken cancellationToken)
    {
        try
        {
            await TryStoreAsync(cancellationToken);
        }
        finally
        {
            _isFirstPassDone = true;
            _stage.CompleteAllRecoveries();
        }
    }

    /// <summary>
    /// Retires superseded sessions that this server may change (<see cref="ISessionOwnership"/>). Each requires reading a journal, and
    /// there may be many. A session that fails does not delay the others: those that have failed least often come first. After several
    /// failures the store is assumed to be unavailable.
    /// </summary>
    /// <returns>Whether all are done.</returns>
    private async Task<bool> TryRetireAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        foreach (var session in _superseded.Values.OrderBy(session => _retireFailures.GetValueOrDefault(session.Id))
            .ThenByDescending(session => session.Id).ToList())
        {
            using var timeoutSource = new CancellationTokenSource(BackgroundTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeoutSource.Token, cancellationToken);
            try
            {
                // A released session belongs to another server.
                switch (_stage.IsReleased(session.Id) ? SessionOwnership.Elsewhere
                    : await _stage.FindOwnershipAsync(session.Id, either.Token))
                {
                    case SessionOwnership.Undecided:
                        continue;
                    case SessionOwnership.Open:
                        await RecoverOwnedAsync(session.Channel, session.Id);
                        continue;
                    case SessionOwnership.Closed when await _recovery.RetireAsync(session, either.Token):
                        _settled.Add(session.Id);
                        break;
                    default:
                        break;
                }
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                if (_failed.TryAdd(session.Id, 0))
                {
                    PackagerLog.RecoveryFailed(_logger, session.Id.Value, session.Channel.Value, failure.Message);
                }

                if (failure is IOException or OperationCanceledException)
                {
                    _retireFailures[session.Id] = _retireFailures.GetValueOrDefault(session.Id) + 1;
                    if (++failures == MaxRetireFailures)
                    {
                        _settled.Save();
                        return false;
                    }

                    continue;
                }
            }

            _retireFailures.Remove(session.Id);
            _superseded.TryRemove(session.Id, out _);
        }

        _settled.Save();
        return _superseded.IsEmpty;
    }

    /// <summary>Lists the spool and the object store, and recovers all channels that are not recovered yet.</summary>
    /// <returns>Whether the store answered in time.</returns>
    private async Task<bool> TryStoreAsync(CancellationToken cancellationToken)
    {
        // A large listing takes long, but each page is answered soon.
        var timeout = RequestTimeout;
        using var timeoutSource = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeoutSource.Token, cancellationToken);
        var catalog = new JournalCatalog();
        try
        {
            AddSpool(catalog);
            await JournalListing.AddAllAsync(_store, catalog, () => timeoutSource.CancelAfter(timeout), either.Token);
            _isListed = true;
        }
        catch (Exception failure) when (failure is IOException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            _isListed = false;
            if (!_hasLogged)
            {
                _hasLogged = true;
                PackagerLog.StoreUnreachable(_logger, failure is IOException ? failure.Message
                    : $"No answer within {timeout.TotalSeconds:0.#} s.");
            }

            return false;
        }

        _settled.Retain(catalog.Contains);
        _catalog = catalog;
        var complete = 1;
        await Parallel.ForEachAsync(catalog.Channels,
            new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentInBackground, CancellationToken = cancellationToken },
            async (channel, token) =>
            {
                // A channel whose sessions could not all be read is read again in each pass.
                if (_incomplete.TryRemove(channel, out _))
                {
                    _channels.TryRemove(channel, out _);
                }

                if (!await RecoverAsync(channel, isForEncoder: false, CancellationToken.None).WaitAsync(token))
                {
                    Interlocked.Exchange(ref complete, 0);
                }
            });
        _stage.IsStoreKnown = _isComplete = complete == 1;
        if (_isComplete)
        {
            _catalog = null;
            _channels.Clear();
        }

        return _isComplete;
    }

    private async Task<JournaledSession?> FindStoredAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken)
    {
        var (catalog, folder) = (new JournalCatalog(), ObjectNames.Of(channel, session).JournalFolder);
        AddSpool(catalog, folder);
        await foreach (var found in _store.ListAsync(folder, cancellationToken))
        {
            catalog.Add(found.Name);
        }

        return catalog.Of(channel).FirstOrDefault(found => found.Id == session);
    }

    private void AddSpool(JournalCatalog catalog, string folder = ObjectNames.JournalRoot)
    {
        foreach (var found in _spool.List(folder))
        {
            catalog.Add(found.Name);
        }
    }

    /// <summary>Recovers the sessions of a channel. Later calls return the same task.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="isForEncoder">Whether an encoder, or a decision about a session, waits for it. It then precedes other channels.</param>
    /// <param name="noStore">When canceled, the channel is recovered from the spool alone.</param>
    /// <returns>Whether no session was skipped because of a store failure. Never throws.</returns>
    private Task<bool> RecoverAsync(ChannelName channel, bool isForEncoder, CancellationToken noStore)
    {
        if (_isComplete)
        {
            return Task.FromResult(true);
        }

        var recovery = _channels.GetOrAdd(channel, _ => new Lazy<Task<bool>>(() =>
            _slots.RunAsync(channel, isForEncoder, () => RecoverOnceAsync(channel, noStore), _stopping.Token))).Value;
        if (isForEncoder && !recovery.IsCompleted)
        {
            _slots.Promote(channel);   // a viewer may have requested it first
        }

        return recovery;
    }

    private async Task<bool> RecoverOnceAsync(ChannelName channel, CancellationToken noStore)
    {
        var (sessions, isComplete) = _catalog is { } catalog ? (catalog.Of(channel), true) : await ListAsync(channel, noStore);
        foreach (var session in sessions)
        {
            if (_stage.IsKnown(session.Id))
            {
                continue;
            }

            if (!_stage.IsSuperseded(session.Channel, session.Id) && !_stage.IsElsewhere(session.Channel))
            {
                isComplete &= await TryRecoverAsync(session, RequestTimeout, _stopping.Token);
            }
            else if (!_settled.Contains(session.Id) || IsSpooled(session))
            {
                _superseded[session.Id] = session;
            }
        }

        if (!isComplete)
        {
            _incomplete[channel] = 0;
        }

        return isComplete;
    }

    /// <summary>
    /// Recovers a session that this server owns: one that is open although the object store contains a newer one of its channel, or one
    /// that this server has got back after the release to another server.
    /// </summary>
    private async Task RecoverOwnedAsync(ChannelName channel, SessionId session)
    {
        // A second caller waits for the result of the first.
        await _ownedLock.WaitAsync(_stopping.Token);
        try
        {
            var isSuperseded = _superseded.TryRemove(session, out var found);
            if (!isSuperseded && !_stage.IsKnown(session))
            {
                found = (await ListAsync(channel, CancellationToken.None)).Sessions.FirstOrDefault(other => other.Id == session);
            }

            if (found is not null && !await TryRecoverAsync(found, RequestTimeout, _stopping.Token) && isSuperseded)
            {
                _superseded.TryAdd(session, found);
            }
        }
        finally
        {
            _ownedLock.Release();
        }
    }

    private bool IsSpooled(JournaledSession session) =>
        _spool.List(session.Names.JournalFolder).Count + _spool.List(session.Names.MediaFolder).Count > 0;

    /// <summary>Lists the sessions of one channel.</summary>
    /// <returns>The sessions, newest first, and whether those of the store are included.</returns>
    private async Task<(IReadOnlyList<JournaledSession> Sessions, bool IsComplete)> ListAsync(ChannelName channel,
        CancellationToken noStore)
    {
        var catalog = new JournalCatalog();
        var folder = ObjectNames.ChannelJournalFolder(channel);
        AddSpool(catalog, folder);
        using var timeoutSource = new CancellationTokenSource(RequestTimeout, _time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(timeoutSource.Token, noStore, _stopping.Token);
        try
        {
            await foreach (var found in _store.ListAsync(folder, any.Token).WithCancellation(any.Token))
            {
                catalog.Add(found.Name);
            }

            return (catalog.Of(channel), true);
        }
        catch (Exception failure) when (failure is IOException
            || (failure is OperationCanceledException && !_stopping.IsCancellationRequested))
        {
            return (catalog.Of(channel), false);
        }
    }

    /// <returns>Whether another attempt is pointless.</returns>
    private async Task<bool> TryRecoverAsync(JournaledSession session, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var timeoutSource = new CancellationTokenSource(timeout, _time);
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
                PackagerLog.RecoveryFailed(_logger, session.Id.Value, session.Channel.Value, failure.Message);
            }

            return failure is not (IOException or OperationCanceledException);
        }
    }
}
