namespace Broadcast.Benchmarks;

/// <summary>A real, headless browser with one page.</summary>
/// <param name="name">Name in reports.</param>
/// <param name="query">Query appended to the address of the watch page, such as <c>?engine=native</c>; can be empty.</param>
internal abstract class BrowserEngine(string name, string query) : IAsyncDisposable
{
    /// <summary>Name in reports.</summary>
    public string Name { get; } = name;

    /// <summary>Query appended to the address of the watch page.</summary>
    public string Query { get; } = query;

    /// <summary>Starts the browser and loads the page at an address.</summary>
    /// <exception cref="TimeoutException">The browser did not start; the message contains its output.</exception>
    public abstract Task OpenAsync(Uri address);

    /// <summary>Runs a function body in the page and returns its text result.</summary>
    public abstract Task<string> EvaluateAsync(string body);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
