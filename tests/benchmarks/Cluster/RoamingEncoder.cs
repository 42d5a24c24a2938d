using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// An encoder with a list of addresses: it publishes a file in real time, and tries the next address 0.5 s after its connection is lost,
/// rejected, or takes nothing for 5 s.
/// </summary>
internal sealed class RoamingEncoder
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <summary>Starts to publish.</summary>
    /// <param name="file">The file; repeated endlessly.</param>
    /// <param name="addresses">Publish addresses with the stream key.</param>
    /// <param name="first">Index of the first address.</param>
    public RoamingEncoder(string file, IReadOnlyList<string> addresses, int first = 0) => _running = RunAsync(file, addresses, first);

    /// <summary>Number of connections that were tried.</summary>
    public int Connections { get; private set; }

    /// <summary>Index of the address in use.</summary>
    public int Current { get; private set; }

    /// <summary>Stops publishing.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(string file, IReadOnlyList<string> addresses, int first)
    {
        while (!_stop.IsCancellationRequested)
        {
            Current = (first + Connections++) % addresses.Count;
            await using (var encoder = FfmpegTool.PublishFile(file, addresses[Current], loop: true, Timeout))
            {
                while (!encoder.HasExited && !_stop.IsCancellationRequested)
                {
                    await Task.Delay(100, CancellationToken.None);
                }
            }

            await Task.Delay(500, CancellationToken.None);
        }
    }
}
