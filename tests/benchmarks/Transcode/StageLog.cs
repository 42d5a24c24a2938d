using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>Log of the stage: kept for reports; warnings are also reported as progress.</summary>
internal sealed class StageLog(Action<string>? progress) : ILoggerProvider, ILogger
{
    /// <summary>Id of the event that lists the encoded rungs.</summary>
    private const int Started = 2020;

    /// <summary>Id of the event that reports a change of quality.</summary>
    private const int Stepped = 2022;

    private readonly Lock _gate = new();
    private readonly List<string> _steps = [];
    private IReadOnlyList<string> _rungs = [];

    /// <summary>Currently encoded rungs; empty before the start of the first worker.</summary>
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

    /// <summary>Logged quality changes.</summary>
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

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        var text = formatter(state, exception);
        lock (_gate)
        {
            if (eventId.Id is Started or Stepped && state is IReadOnlyList<KeyValuePair<string, object?>> values)
            {
                _rungs = (values.FirstOrDefault(v => v.Key == "Rungs").Value as string ?? "").Split(", ",
                    StringSplitOptions.RemoveEmptyEntries);
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
