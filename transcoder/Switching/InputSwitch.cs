using Broadcast.Media;
using Broadcast.Transcoder.Slate;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Switching;

/// <summary>
/// The stage before the transcoder: of the encoders that publish into one session at once, a primary and a backup, it passes one on; while none does and the session waits for one, the slate. As a hosted
/// service it only ends the slates with the process.
/// </summary>
/// <param name="next">The next stage.</param>
/// <param name="options">When it switches.</param>
/// <param name="slates">What stands in for encoders that are gone; <see langword="null"/> for nothing.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class InputSwitch(IPublicationSink next, IOptions<SwitchOptions> options, Slates? slates, TimeProvider time, ILogger<InputSwitch> logger)
    : IPublicationSink, IChannelInputs, IHostedService, IDisposable
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<SessionId, SwitchLine> _lines = [];
    private readonly Dictionary<ChannelName, SwitchLine> _newest = [];
    private readonly HashSet<Task> _showing = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly SlateOptions? _slate = slates?.Options is { Enabled: true } enabled ? enabled : null;

    /// <summary>Slates that are being made or shown.</summary>
    public int Showing
    {
        get
        {
            lock (_gate)
            {
                return _showing.Count;
            }
        }
    }

    /// <inheritdoc/>
    public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        var session = publication.Grant.Session;
        var line = Enter(session);
        try
        {
            await line.RunAsync(publication, cancellationToken);
        }
        finally
        {
            Leave(session, line);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<InputStatus> Find(ChannelName channel) => LineOf(channel) is { } line ? [.. line.Status()] : [];

    /// <inheritdoc/>
    public bool IsOnSlate(ChannelName channel) => LineOf(channel) is { IsOnSlate: true };

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_slate is not null)
        {
            _ = WatchAsync();
        }

        return Task.CompletedTask;
    }

    /// <summary>Ends all slates, and waits until what was shown of them is passed on.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        Task[] showing;
        lock (_gate)
        {
            showing = [.. _showing];
        }

        await Task.WhenAll(showing).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(WatchInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                SwitchLine[] lines;
                lock (_gate)
                {
                    lines = [.. _lines.Values];
                }

                foreach (var line in lines)
                {
                    line.Watch();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The process is ending.
        }
    }

    /// <summary>A line's last encoder is gone, or silent: it is kept until the slate is over.</summary>
    private void Lost(SwitchLine line, Loss loss)
    {
        if (loss.Grant.Over.IsCancellationRequested || _stopping.IsCancellationRequested)
        {
            return;
        }

        Enter(loss.Grant.Session);
        var showing = Task.Run(() => ShowAsync(line, loss));
        lock (_gate)
        {
            _showing.Add(showing);
        }

        _ = showing.ContinueWith(
            done =>
            {
                lock (_gate)
                {
                    _showing.Remove(done);
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default);
    }

    private async Task ShowAsync(SwitchLine line, Loss loss)
    {
        try
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(loss.Grant.Over, _stopping.Token);
            await slates!.RunAsync(line, loss, over.Token);
        }
        finally
        {
            Leave(loss.Grant.Session, line);
        }
    }

    private SwitchLine? LineOf(ChannelName channel)
    {
        lock (_gate)
        {
            return _newest.GetValueOrDefault(channel);
        }
    }

    private SwitchLine Enter(BroadcastSession session)
    {
        lock (_gate)
        {
            if (!_lines.TryGetValue(session.Id, out var line))
            {
                line = new SwitchLine(next, options.Value, _slate, Lost, time, logger);
                _lines.Add(session.Id, line);
                _newest[session.Channel] = line;
            }

            line.Users++;
            return line;
        }
    }

    private void Leave(BroadcastSession session, SwitchLine line)
    {
        lock (_gate)
        {
            if (--line.Users > 0)
            {
                return;
            }

            _lines.Remove(session.Id);
            if (_newest.TryGetValue(session.Channel, out var newest) && newest == line)
            {
                _newest.Remove(session.Channel);
            }
        }
    }
}
