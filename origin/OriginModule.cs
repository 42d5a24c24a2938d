namespace Broadcast.Origin;

/// <summary>Registration of the room.</summary>
public static class OriginModule;
