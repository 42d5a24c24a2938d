using Broadcast.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Servers;

/// <summary>
/// Detects that the process was suspended, for example with its virtual machine: its clock jumped by half a lease or more. Another
/// server may have taken sessions over meanwhile, so nothing may be written before the ownership was read again. Thread-safe.
/// </summary>
internal sealed class SuspensionWatch(IOptions<ControlOptions> options, [FromKeyedServices(CalendarClock.Key)] TimeProvider time,
    ILogger<SuspensionWatch> logger) : IDisposable
{
    /// <summary>Measurements per lease; a suspension by half a lease skips several of them.</summary>
    private const int LooksPerLease = 12;

    private readonly Lock _lock = new();
    private ITimer? _timer;
    private TaskCompletionSource? _uncertain;
    private long _looked;
    private int _count;

    private TimeSpan Lease => options.Value.ServerLease;

    /// <summary>Starts to watch; later calls have no effect.</summary>
    public void Start()
    {
        lock (_lock)
        {
            if (_timer is null)
            {
                _looked = time.GetTimestamp();
                _timer = time.CreateTimer(_ => { _ = Look(); }, null, Lease / LooksPerLease, Lease / LooksPerLease);
            }
        }
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
                await uncertain.WaitAsync(Lease, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                Confirm(begun);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private Task? Look()
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var since = time.GetElapsedTime(_looked, now);
            _looked = now;
            if (_timer is not null && since >= Lease / 2)
            {
                _count++;
                _uncertain ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                ControlLog.Suspended(logger, since.TotalSeconds);
            }

            return _uncertain?.Task;
        }
    }
}
