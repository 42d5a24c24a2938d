using Microsoft.Extensions.Logging;

namespace Broadcast.Testing;

/// <summary>An entry that code under test logged.</summary>
/// <param name="Level">Level of the entry.</param>
/// <param name="Id">Event ID of the entry.</param>
/// <param name="Text">Formatted message, followed by the exception if there is one.</param>
public readonly record struct CapturedEntry(LogLevel Level, EventId Id, string Text)
{
    /// <summary>Level, event ID and text, separated by spaces.</summary>
    public override string ToString() => $"{Level} {Id.Id} {Text}";
}

/// <summary>A logger, and provider of loggers, that keeps all entries of all categories in memory. Any thread may log and read.</summary>
/// <param name="minimumLevel">Lowest level that is enabled.</param>
public sealed class CapturingLogger(LogLevel minimumLevel = LogLevel.Trace) : ILoggerProvider, ILogger
{
    private readonly List<CapturedEntry> _entries = [];

    /// <summary>Copy of the entries so far, oldest first.</summary>
    public IReadOnlyList<CapturedEntry> Entries
    {
        get
        {
            lock (_entries)
            {
                return [.. _entries];
            }
        }
    }

    /// <summary>Texts of the entries so far, oldest first.</summary>
    public IReadOnlyList<string> Lines => [.. Entries.Select(entry => entry.Text)];

    /// <summary>Returns the number of entries with an event ID.</summary>
    public int Count(int eventId) => Entries.Count(entry => entry.Id.Id == eventId);

    /// <summary>Returns whether the text of any entry contains a string.</summary>
    public bool Contains(string part) => Entries.Any(entry => entry.Text.Contains(part, StringComparison.Ordinal));

    /// <summary>Creates a logger of a type that writes into this one.</summary>
    public ILogger<T> For<T>() => new Typed<T>(this);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => this;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= minimumLevel;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        var entry = new CapturedEntry(logLevel, eventId, $"{formatter(state, exception)}{(exception is null ? "" : $" {exception}")}");
        lock (_entries)
        {
            _entries.Add(entry);
        }
    }

    /// <summary>All entries, one per line.</summary>
    public override string ToString() => string.Join('\n', Entries);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private sealed class Typed<T>(CapturingLogger log) : ILogger<T>
    {
        public bool IsEnabled(LogLevel logLevel) => log.IsEnabled(logLevel);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => log.Log(logLevel, eventId, state, exception, formatter);
    }
}
