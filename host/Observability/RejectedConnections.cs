using System.Diagnostics.Metrics;
using Broadcast.Origin;

namespace Broadcast.Host.Observability;

/// <summary>
/// Counts connections that the web server rejects or closes and reports only in its own metrics: slow readers, and connections above the
/// limit.
/// </summary>
internal sealed class RejectedConnections : IHostedService, IDisposable
{
    private const string MeterName = "Microsoft.AspNetCore.Server.Kestrel";
    private const string Ended = "kestrel.connection.duration";
    private const string Rejected = "kestrel.rejected_connections";
    private const string EndReason = "error.type";
    private const string TooSlow = "min_response_data_rate";

    private readonly MeterListener _listener = new();

    public RejectedConnections()
        : this(Overload.Count)
    {
    }

    /// <param name="count">Called for each.</param>
    internal RejectedConnections(Action<OverloadReason> count)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == MeterName && instrument.Name is Ended or Rejected)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            foreach (var (name, value) in tags)
            {
                if (name == EndReason && value is TooSlow)
                {
                    count(OverloadReason.SlowReader);
                }
            }
        });
        _listener.SetMeasurementEventCallback<long>((_, _, _, _) => count(OverloadReason.Connections));
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _listener.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _listener.Dispose();
}
