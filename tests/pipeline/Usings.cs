global using Broadcast.Media;
global using Broadcast.Testing;
global using Shouldly;
global using Xunit;
