namespace Broadcast.Media.Caching;

/// <summary>A cached value in use: it counts against the budget of its cache until it is released.</summary>
/// <typeparam name="TValue">Type of the value.</typeparam>
/// <param name="Value">The value.</param>
/// <param name="Release">Releases the value; must be called exactly once.</param>
public readonly record struct CacheLease<TValue>(TValue Value, Action Release);
