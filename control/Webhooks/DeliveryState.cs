using Broadcast.Database;
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
    private static readonly EnumNames<DeliveryState> NameMap = new("state of a delivery",
        (DeliveryState.Waiting, "waiting"), (DeliveryState.Delivered, "delivered"), (DeliveryState.Failed, "failed"));

    /// <summary>Names of all states.</summary>
    public static IReadOnlyList<string> Names => NameMap.All;

    /// <summary>Gets the name of a state.</summary>
    public static string Name(DeliveryState state) => NameMap.Name(state);

    /// <summary>Parses the name of a state.</summary>
    /// <exception cref="FormatException">The name is unknown.</exception>
    public static DeliveryState Parse(string name) => NameMap.Parse(name);

    /// <summary>Parses the state in a request; <see langword="null"/> for any state.</summary>
    /// <exception cref="OperationException">The name is unknown.</exception>
    public static DeliveryState? ParseFilter(string? name) => name is null ? null
        : NameMap.Find(name) ?? throw new OperationException([new("state", $"Unknown state; use one of {string.Join(", ", Names)}.")]);
}
