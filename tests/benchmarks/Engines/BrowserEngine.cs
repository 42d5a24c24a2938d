namespace Broadcast.Benchmarks;

/// <summary>A real browser with one page, run without anybody before it.</summary>
/// <param name="name">What reports call it.</param>
/// <param name="query">What stands behind the watch page's address in it, such as <c>?engine=native</c>; may be empty.</param>
internal abstract class BrowserEngine(string name, string query) : IAsyncDisposable
{
    /// <summary>What reports call it.</summary>
    public string Name { get; } = name;

    /// <summary>What stands behind the watch page's address.</summary>
    public string Query { get; } = query;

    /// <summary>Starts the browser and loads the page at an address.</summary>
    /// <exception cref="TimeoutException">It did not start; the message says what it wrote.</exception>
    public abstract Task OpenAsync(Uri address);

    /// <summary>Runs the body of a function in the page; what it returns has to be text.</summary>
    public abstract Task<string> EvaluateAsync(string body);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
