using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>What the stage logs: kept for the reports, told as progress where it is a warning.</summary>
internal sealed class StageLog(Action<string>? progress) : ILoggerProvider, ILogger
{
    /// <summary>Number of the event that tells what is encoded from now on.</summary>
    private const int Started = 2020;

    /// <summary>Number of the event that tells that encoding does less, or more.</summary>
    private const int Stepped = 2022;

    private readonly Lock _gate = new();
    private readonly List<string> _steps = [];
    private IReadOnlyList<string> _rungs = [];

    /// <summary>Rungs that are encoded now; empty before the first worker has begun.</summary>
    public IReadOnlyList<string> Rungs
    {
        get
        {
            lock (_gate)
            {
                return _rungs;
            }
        }
    }

    /// <summary>Each step up or down, as the log tells it.</summary>
    public IReadOnlyList<string> Steps
    {
        get
        {
            lock (_gate)
            {
                return [.. _steps];
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var text = formatter(state, exception);
        lock (_gate)
        {
            if (eventId.Id is Started or Stepped && state is IReadOnlyList<KeyValuePair<string, object?>> values)
            {
                _rungs = (values.FirstOrDefault(v => v.Key == "Rungs").Value as string ?? "").Split(", ", StringSplitOptions.RemoveEmptyEntries);
            }

            if (eventId.Id == Stepped)
            {
                _steps.Add(text);
            }
        }

        if (logLevel >= LogLevel.Warning)
        {
            progress?.Invoke(text);
        }
    }

    public void Dispose()
    {
    }
}
