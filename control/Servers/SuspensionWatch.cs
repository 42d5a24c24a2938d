using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Servers;

/// <summary>
/// Detects that the process was suspended, for example with its virtual machine: its clock jumped by half a lease or more. Another
/// server may have taken sessions over meanwhile, so nothing may be written before the ownership was read again. Thread-safe.
/// </summary>
internal sealed class SuspensionWatch : IDisposable
{
    /// <summary>Measurements per lease; a suspension by half a lease skips several of them.</summary>
    private const int LooksPerLease = 12;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _lease;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private TaskCompletionSource? _uncertain;
    private long _looked;
    private int _count;

    /// <summary>Starts to watch.</summary>
    public SuspensionWatch(IOptions<ControlOptions> options, [FromKeyedServices(ControlClock.Key)] TimeProvider time,
        ILogger<SuspensionWatch> logger)
    {
        (_time, _lease, _logger) = (time, options.Value.ServerLease, logger);
        _looked = time.GetTimestamp();
        _timer = time.CreateTimer(_ => { _ = Look(); }, null, _lease / LooksPerLease, _lease / LooksPerLease);
    }

    /// <summary>Indicates whether the process was suspended and the ownership was not read since.</summary>
    public bool IsUncertain => Look() is not null;

    /// <summary>Begins to read the ownership.</summary>
    /// <returns>Number of suspensions so far, for <see cref="Confirm"/>.</returns>
    public int Begin()
    {
        _ = Look();
        lock (_lock)
        {
            return _count;
        }
    }

    /// <summary>Records that the ownership is known, unless the process was suspended while it was read.</summary>
    /// <param name="begun">Result of <see cref="Begin"/>.</param>
    public void Confirm(int begun)
    {
        _ = Look();
        lock (_lock)
        {
            if (begun == _count)
            {
                _uncertain?.TrySetResult();
                _uncertain = null;
            }
        }
    }

    /// <summary>Waits until the ownership is known, at most for a lease: the database may not respond.</summary>
    public async Task WhenCertainAsync(CancellationToken cancellationToken)
    {
        while (Look() is { } uncertain)
        {
            var begun = Begin();
            try
            {
                await uncertain.WaitAsync(_lease, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                Confirm(begun);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private Task? Look()
    {
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            var since = _time.GetElapsedTime(_looked, now);
            _looked = now;
            if (since >= _lease / 2)
            {
                _count++;
                _uncertain ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                ControlLog.Suspended(_logger, since.TotalSeconds);
            }

            return _uncertain?.Task;
        }
    }
}
