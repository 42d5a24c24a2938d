namespace Broadcast.Packager;

/// <summary>Registration of the room.</summary>
public static class PackagerModule;
