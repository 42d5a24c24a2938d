namespace Broadcast.Control.Webhooks;

/// <summary>State of a delivery.</summary>
public enum DeliveryState
{
    /// <summary>To be sent, for the first time or again.</summary>
    Waiting,

    /// <summary>The receiver answered 2xx.</summary>
    Delivered,

    /// <summary>All attempts failed.</summary>
    Failed,
}

/// <summary>Names of delivery states in the database, the API and the command line.</summary>
public static class DeliveryStates
{
    /// <summary>Names of all states.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<DeliveryState>().Select(Name)];

    /// <summary>Gets the name of a state.</summary>
    public static string Name(DeliveryState state) => state switch
    {
        DeliveryState.Waiting => "waiting",
        DeliveryState.Delivered => "delivered",
        DeliveryState.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "The state has no name."),
    };

    /// <summary>Parses the name of a state.</summary>
    /// <exception cref="FormatException">The name is unknown.</exception>
    public static DeliveryState Parse(string name) => Find(name) ?? throw new FormatException($"'{name}' is not a state of a delivery.");

    /// <summary>Parses the state in a request; <see langword="null"/> for any state.</summary>
    /// <exception cref="ControlException">The name is unknown.</exception>
    public static DeliveryState? ParseFilter(string? name) => name is null ? null
        : Find(name) ?? throw new ControlException([new("state", $"Unknown state; use one of {string.Join(", ", Names)}.")]);

    private static DeliveryState? Find(string name) => name switch
    {
        "waiting" => DeliveryState.Waiting,
        "delivered" => DeliveryState.Delivered,
        "failed" => DeliveryState.Failed,
        _ => null,
    };
}
