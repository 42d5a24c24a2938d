namespace Broadcast.Control;

/// <summary>Registration of the room.</summary>
public static class ControlModule;
